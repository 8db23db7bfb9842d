// Gives up what a decoder has no need of, in layers, before the first byte of a stranger is read.
#pragma once

#include <cstdint>

#include "media/protocol/request.h"

namespace coffer::media {

// Moves the process into namespaces of its own as far as the kernel permits, with this process, or
// a child of it that this function returns in, as the first of its pid namespace; the process that
// was called waits for that child and ends as it ends. Returns the layers that are on.
// REQUIRES: called first, with one thread.
std::uint32_t enter_namespaces();

// Shuts what is left: the root becomes empty, capabilities go, Landlock, limits, seccomp. Whatever
// has to be loaded was loaded. Returns the layers that are on, `layers` included. Throws where one
// of kRequiredLayers is not to be had. REQUIRES: one thread.
std::uint32_t confine_service(std::uint32_t layers);

// In the process of one job: its own limits, and no more processes or descriptors. Its file is
// kFileDescriptor, its answer goes to kReplyDescriptor. Throws where a layer is not to be had.
void confine_job();

inline constexpr int kControlDescriptor = 0;
inline constexpr int kFileDescriptor = 3;
inline constexpr int kReplyDescriptor = 4;

// Tries what a stranger's code would: the Attempt bits of what succeeded. An exec that succeeds
// does not return.
std::uint32_t attempt_escape();

}  // namespace coffer::media
