// How much of its time a job has used.
#pragma once

namespace coffer::media {

// Seconds of the 15 that a job may take: of processor time, or, on a machine that is busy with
// other things, as large a part of the 20 s by the clock that the server waits. The first call
// starts the clock. What looks for something better ends by it in time to answer with what it has.
double spent_seconds() noexcept;

}  // namespace coffer::media
