// Runs a command and tells what it took: wall-clock seconds, and the peak resident memory in bytes, into a
// file. A process is charged with the peak of the one that it was forked from; that is why this is not done
// by the script, which is larger than some of what it measures.
//
// Usage: bench_measure FILE COMMAND [ARGUMENT]...  Exits as the command does; 128 + n if signal n ended it.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    execv(argv[2], argv + 2);
    std::perror(argv[2]);
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return 2;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::FILE* out = std::fopen(argv[1], "w");
  if (out == nullptr) return 2;
  std::fprintf(out, "%.6f %lld\n", seconds.count(), 1024 * static_cast<long long>(usage.ru_maxrss));
  std::fclose(out);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
