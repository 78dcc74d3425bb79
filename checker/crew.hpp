// Threads that wait for work: run(f) calls f(0), ..., f(n - 1) at the same time and returns when all are
// done.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace tcpmc::checker {

class crew {
 public:
  // `threads` counts the caller, who works as number 0. Where the system does not start so many, there are
  // fewer: half of those that it did start, so that something is left for what they work on.
  explicit crew(unsigned threads) : size_(threads < 1 ? 1 : threads) {
    while (!start()) {
      send_home();
      size_ = static_cast<unsigned>(threads_.size() + 1) / 2;
      size_ = size_ < 1 ? 1 : size_;
      threads_.clear();
    }
  }
  ~crew() { send_home(); }
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;

  unsigned size() const { return size_; }

  // An exception of one of them is thrown again here, when all have ended.
  void run(const std::function<void(unsigned)>& work) {
    {
      const std::lock_guard lock(mutex_);
      work_ = &work;
      at_work_ = size_ - 1;
      ++round_;
    }
    go_.notify_all();
    attempt(work, 0);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return at_work_ == 0; });
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  // False: some were not started.
  bool start() {
    try {
      threads_.reserve(size_ - 1);
      for (unsigned i = 1; i < size_; ++i)
        threads_.emplace_back([this, i, begin = round_] { wait_for_work(i, begin); });
    } catch (const std::system_error&) {
      return false;
    } catch (const std::bad_alloc&) {
      return false;
    }
    return true;
  }
  void send_home() {
    {
      const std::lock_guard lock(mutex_);
      work_ = nullptr;
      ++round_;
    }
    go_.notify_all();
    for (std::thread& t : threads_) t.join();
  }
  void attempt(const std::function<void(unsigned)>& work, unsigned i) {
    try {
      work(i);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }
  void wait_for_work(unsigned i, unsigned long seen) {
    for (;;) {
      const std::function<void(unsigned)>* work = nullptr;
      {
        std::unique_lock lock(mutex_);
        go_.wait(lock, [&] { return round_ != seen; });
        seen = round_;
        work = work_;
      }
      if (work == nullptr) return;
      attempt(*work, i);
      const std::lock_guard lock(mutex_);
      if (--at_work_ == 0) done_.notify_one();
    }
  }

  unsigned size_;
  std::mutex mutex_;
  std::condition_variable go_, done_;
  const std::function<void(unsigned)>* work_ = nullptr;  // null: go home
  unsigned long round_ = 0;
  unsigned at_work_ = 0;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace tcpmc::checker
