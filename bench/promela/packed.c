/* The state of the packed Promela model, and its steps. It stands behind the rules of an exported model, which
   it calls; see bench/promela/packed.

   SPIN pays for every byte of a state, each time that it stores, compares, saves and restores one. So a state has
   two bytes for an endpoint and one for a segment in flight: their numbers in tables that are not part of the
   state. A channel is a sorted array, largest first, 0 where nothing is. What an endpoint does with an event is
   worked out by the rules once, and looked up afterwards.

   The tables are shared memory, because SPIN's multi-core search forks after the initial state was made. */
#include <sys/mman.h>
#include <string.h>

#if FIFO || IS_SET || TIME_PASSES || LIFETIME || CHOICES != 1
#error the packed form is for an untimed network in any order, with bounds, without lifetime and choices
#endif
#define ENDPOINTS 65536
#define SEGMENTS (256 - LOCAL_EVENTS)  /* 0: none */
#define MOST_SENT 4                    /* by one step */

enum { UNKNOWN, IMPOSSIBLE, POSSIBLE };
struct reaction {
  unsigned short after;
  unsigned char is, n, sent[MOST_SENT];
};
struct side {
  unsigned endpoints, segments;
  unsigned short place[2 * ENDPOINTS]; /* of endpoints, by hash; 0: free */
  struct endpoint endpoint[ENDPOINTS];
  struct segment segment[SEGMENTS];
  unsigned char wire[SEGMENTS];        /* the first segment with the same flags and fields */
  struct reaction reaction[ENDPOINTS][LOCAL_EVENTS + SEGMENTS];
};
struct tables {
  struct side of[2];
  char lock;
};
static struct tables *t;

static struct segment sent[MOST_SENT];
static int sends;
static void record_send(void) {
  if (sends == MOST_SENT) model_error("a step sends more segments than the packed form has room for");
  w.out.age = 0;
  sent[sends++] = w.out;
}

static unsigned endpoint_number(int side, const struct endpoint *e) {
  struct side *s = &t->of[side];
  const unsigned char *b = (const unsigned char *)e;
  unsigned h = 2166136261u, i;
  for (i = 0; i < sizeof *e; i++) h = (h ^ b[i]) * 16777619u;
  for (i = (h ^ h >> 15) % (2 * ENDPOINTS); s->place[i] != 0; i = (i + 1) % (2 * ENDPOINTS))
    if (memcmp(&s->endpoint[s->place[i]], e, sizeof *e) == 0) return s->place[i];
  if (s->endpoints + 1 == ENDPOINTS) model_error("too many local states of an endpoint for the packed form");
  s->endpoint[++s->endpoints] = *e;
  return s->place[i] = s->endpoints;
}
static unsigned segment_number(int side, const struct segment *g) {
  struct side *s = &t->of[side];
  unsigned i, wire;
  for (i = 1; i <= s->segments; i++)
    if (memcmp(&s->segment[i], g, sizeof *g) == 0) return i;
  if (i == SEGMENTS) model_error("too many different segments for the packed form");
  for (wire = 1; wire < i && !same_wire(&s->segment[wire], g); wire++) continue;
  s->segment[i] = *g;
  s->wire[i] = wire;
  return s->segments = i;
}

/* Events of an endpoint: its calls, its timers, and from LOCAL_EVENTS on the segments of the other. */
static void work_out(int side, unsigned endpoint, int event) {
  struct side *s = &t->of[side];
  struct reaction r, *into = &s->reaction[endpoint][event];
  int calls = side == 0 ? CALLS_A : CALLS_B, possible, i;
  while (__atomic_test_and_set(&t->lock, __ATOMIC_ACQUIRE)) continue;
  if (into->is == UNKNOWN) {
    memset(&next, 0, sizeof next);
    memset(&r, 0, sizeof r);
    sends = 0;
    *(side == 0 ? &next.A : &next.B) = s->endpoint[endpoint];
    if (event >= LOCAL_EVENTS) {
      if (side == 0) begin_A(EVENT_DELIVER, 0, 0); else begin_B(EVENT_DELIVER, 0, 0);
      w.has_seg = 1;
      w.seg = t->of[1 - side].segment[event - LOCAL_EVENTS];
      if (side == 0) A_arrive(); else B_arrive();
      possible = side == 0 ? end_A() : end_B();
    } else if (event < calls) {
      possible = side == 0 ? call_A(event, 0) : call_B(event, 0);
    } else {
      possible = side == 0 ? time_out_A(event - calls, 0) : time_out_B(event - calls, 0);
    }
    if (possible) {
      r.after = endpoint_number(side, side == 0 ? &next.A : &next.B);
      for (i = 0; i < sends; i++) r.sent[i] = segment_number(side, &sent[i]);
      r.n = sends;
    }
    memcpy(into->sent, r.sent, sizeof r.sent);
    into->after = r.after;
    into->n = r.n;
    __atomic_store_n(&into->is, possible ? POSSIBLE : IMPOSSIBLE, __ATOMIC_RELEASE);
  }
  __atomic_clear(&t->lock, __ATOMIC_RELEASE);
}

static packed made; /* what a guard makes and its body takes */

static inline void take_from(unsigned char *c, int i) {
  for (; i + 1 < CAPACITY; i++) c[i] = c[i + 1];
  c[CAPACITY - 1] = 0;
}
static inline void put_into(unsigned char *c, unsigned char g) {
  int i = CAPACITY - 1;
  for (; i > 0 && c[i - 1] < g; i--) c[i] = c[i - 1];
  c[i] = g;
}
static inline int is_distinct(const unsigned char *c, int i) { return c[i] != 0 && (i == 0 || c[i] != c[i - 1]); }

/* The step of an endpoint, into `made`. */
static inline int react(int side, unsigned endpoint, int event, int times_out, unsigned char *own) {
  const struct reaction *r = &t->of[side].reaction[endpoint][event];
  int i;
  if (__atomic_load_n(&r->is, __ATOMIC_ACQUIRE) == UNKNOWN) work_out(side, endpoint, event);
  if (r->is != POSSIBLE) return 0;
  if (side == 0) made.A = r->after; else made.B = r->after;
  for (i = 0; i < r->n; i++) {
#if CHARGED
    if (times_out) {
      const unsigned char *wire = t->of[side].wire;
      int k;
      for (k = 0; k < CAPACITY && own[k] != 0; k++)
        if (wire[own[k]] == wire[r->sent[i]]) {
          if (made.duplicates-- == 0) return 0;
          break;
        }
    }
#endif
    if (own[CAPACITY - 1] != 0) return 0;
    put_into(own, r->sent[i]);
  }
  return 1;
}
static int local_A(int event) {
  made = now.s;
  return react(0, made.A, event, event >= CALLS_A, made.from_A);
}
static int local_B(int event) {
  made = now.s;
  return react(1, made.B, event, event >= CALLS_B, made.from_B);
}
static int to_A(int i) {
  if (!is_distinct(now.s.from_B, i)) return 0;
  made = now.s;
  take_from(made.from_B, i);
  return react(0, made.A, LOCAL_EVENTS + now.s.from_B[i], 0, made.from_A);
}
static int to_B(int i) {
  if (!is_distinct(now.s.from_A, i)) return 0;
  made = now.s;
  take_from(made.from_A, i);
  return react(1, made.B, LOCAL_EVENTS + now.s.from_A[i], 0, made.from_B);
}
static inline int lose(unsigned char *c, int i) {
  if (!is_distinct(c, i)) return 0;
  made = now.s;
#if !LOSS_UNLIMITED
  if (made.losses-- == 0) return 0;
#endif
  take_from((unsigned char *)&made + (c - (unsigned char *)&now.s), i);
  return 1;
}
static inline int duplicate(unsigned char *c, int i) {
  if (!is_distinct(c, i) || c[CAPACITY - 1] != 0) return 0;
  made = now.s;
  if (!DUPLICATION_UNLIMITED && made.duplicates-- == 0) return 0;
  put_into((unsigned char *)&made + (c - (unsigned char *)&now.s), c[i]);
  return 1;
}
static int gone_from_A(int i) { return lose(now.s.from_A, i); }
static int gone_from_B(int i) { return lose(now.s.from_B, i); }
static int again_from_A(int i) { return duplicate(now.s.from_A, i); }
static int again_from_B(int i) { return duplicate(now.s.from_B, i); }

static packed packed_initial_state(void) {
  packed s;
  memset(&s, 0, sizeof s);
  t = (struct tables *)mmap(0, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (t == MAP_FAILED) model_error("no memory for the tables of the packed form");
  initial_state(); /* in `next` */
  s.A = endpoint_number(0, &next.A);
  s.B = endpoint_number(1, &next.B);
#if !LOSS_UNLIMITED
  s.losses = next.losses;
#endif
  s.duplicates = next.duplicates;
  return s;
}
