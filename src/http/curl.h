// What the clients of this module do with libcurl alike.
#pragma once

namespace coffer::http {

// The longest sleep of a multi handle's thread, in milliseconds: curl's own timers and wakeups come
// before.
inline constexpr int kLongestPoll = 60'000;

// Before anything else of libcurl. Throws std::runtime_error. Threads: any.
void begin_curl();

}  // namespace coffer::http
