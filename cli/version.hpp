#pragma once

namespace tcpmc::cli {

inline constexpr const char* version = TCPMC_VERSION;  // from CMakeLists.txt

}  // namespace tcpmc::cli
