#include "checker/report.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace tcpmc::checker {

std::uint64_t resident_memory() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0, resident = 0;
  if (!(statm >> pages >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t free_memory() {
  std::uint64_t result = std::numeric_limits<std::uint64_t>::max() / 2;
  std::ifstream all("/proc/meminfo");
  std::string name;
  for (std::uint64_t kilobytes = 0; all >> name >> kilobytes; std::getline(all, name))
    if (name == "MemAvailable:") result = std::min(result, kilobytes << 10);
  std::uint64_t most = 0, now = 0;  // "max" is no number: no limit
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> most &&
      std::ifstream("/sys/fs/cgroup/memory.current") >> now)
    result = std::min(result, most > now ? most - now : 0);
  rlimit addresses{};
  if (getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY) {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const std::uint64_t taken = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    result = std::min<std::uint64_t>(result, addresses.rlim_cur > taken ? addresses.rlim_cur - taken : 0);
  }
  return result;
}

}  // namespace tcpmc::checker
