// How much of its time a job has used.
#pragma once

#include <cstdint>

namespace coffer::media {

// Begins a job, for whose answer the server waits that long.
void start_clock(std::uint32_t patience_millis) noexcept;

// Seconds of the 15 that a job may take: of processor time, or, on a machine that is busy with
// other things, as large a part of the time that the server waits. What looks for something better
// ends by it in time to answer with what it has. REQUIRES: start_clock().
double spent_seconds() noexcept;

}  // namespace coffer::media
