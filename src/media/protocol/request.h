// A job for a worker, and what a worker says when it starts and when a job ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace coffer::media {

inline constexpr std::uint16_t kProtocolVersion = 1;

enum class Job : std::uint8_t {
  kProbe = 1,   // facts, and a picture where there can be one
  kRender = 2,  // a picture alone
  // The same picture in fewer bytes and its own format (JPEG, PNG or WebP), without a loss that can
  // be seen, upright and without metadata. Size, fit, format and quality are passed over, but that
  // width and height are the largest that it may have.
  kOptimize = 3,
};
enum class Fit : std::uint8_t {
  kInside = 1,   // both edges at most as asked, never enlarged
  kContain = 2,  // as asked, enlarged where needed
  kCover = 3,    // fills the rectangle asked for; what stands out is cut off
};
// kPng: of kOptimize alone.
enum class PictureFormat : std::uint8_t { kWebp = 1, kJpeg = 2, kAvif = 3, kPng = 4 };
inline constexpr PictureFormat kLastPictureFormat = PictureFormat::kPng;

// The descriptor and the range of it that is the file travel beside it.
struct Request {
  Job job = Job::kProbe;
  Fit fit = Fit::kInside;
  PictureFormat format = PictureFormat::kWebp;
  std::uint8_t quality = 80;  // 1 to 100
  std::uint32_t width = 320;  // 1 to kMaxPictureEdge, of kOptimize to kMaxOptimizedEdge
  std::uint32_t height = 320;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t max_pixels = 100'000'000;         // of a picture that is decoded whole
  std::uint64_t max_shrunk_pixels = 300'000'000;  // of one that the decoder makes smaller
  std::uint32_t max_picture_bytes = 1u << 20;
  std::uint32_t patience_millis = 20'000;  // how long the server waits; 1 to kMaxPatienceMillis

  friend bool operator==(const Request&, const Request&) = default;
};

inline constexpr std::uint32_t kMaxPictureEdge = 4096;
inline constexpr std::uint32_t kMaxOptimizedEdge = 16'383;  // of WebP
inline constexpr std::uint32_t kMaxPictureBytes = 16u << 20;
inline constexpr std::uint32_t kMaxPatienceMillis = 3'600'000;
inline constexpr std::uint32_t kMaxJobCpuSeconds = 15;  // of processor time; then SIGXCPU

inline constexpr std::size_t kRequestBytes = 64;
std::array<std::byte, kRequestBytes> encode(const Request& request) noexcept;
// Nothing unless it is a request of this version with every field in its range.
std::optional<Request> decode_request(ByteView bytes) noexcept;

// The layers of confinement, as bits. Not all kernels permit all of them.
enum Layer : std::uint32_t {
  kUserNamespace = 1u << 0,
  kNetworkNamespace = 1u << 1,
  kMountNamespace = 1u << 2,  // with an empty root that cannot be written to
  kPidNamespace = 1u << 3,
  kIpcNamespace = 1u << 4,
  kUtsNamespace = 1u << 5,
  kNoNewPrivileges = 1u << 6,
  kLandlock = 1u << 7,
  kSyscallFilter = 1u << 8,
  kResourceLimits = 1u << 9,
  kNoCapabilities = 1u << 10,
};
// `no_new_privs`, `seccomp`; empty for what is no single layer.
std::string_view name_of(Layer layer) noexcept;
inline constexpr std::uint32_t kAllLayers = (1u << 11) - 1;
// Without these no worker is used.
inline constexpr std::uint32_t kRequiredLayers =
    kNoNewPrivileges | kSyscallFilter | kResourceLimits;

// What the worker tried at its start, as bits; each is to fail.
enum Attempt : std::uint32_t {
  kOpenedFile = 1u << 0,
  kConnected = 1u << 1,
  kMadeSocket = 1u << 2,
};

struct Hello {
  std::uint32_t layers = 0;
  std::uint32_t succeeded_attempts = 0;

  friend bool operator==(const Hello&, const Hello&) = default;
};
inline constexpr std::size_t kHelloBytes = 16;
std::array<std::byte, kHelloBytes> encode(const Hello& hello) noexcept;
std::optional<Hello> decode_hello(ByteView bytes) noexcept;

// How the process of a job ended, and what it cost.
struct JobEnd {
  std::uint8_t signal = 0;       // that killed it, or 0
  std::uint8_t status = 0;       // its exit status
  std::uint32_t memory_kib = 0;  // resident, at most
  std::uint32_t cpu_millis = 0;

  bool is_good() const noexcept { return signal == 0 && status == 0; }
  friend bool operator==(const JobEnd&, const JobEnd&) = default;
};
inline constexpr std::size_t kJobEndBytes = 16;
std::array<std::byte, kJobEndBytes> encode(const JobEnd& end) noexcept;
std::optional<JobEnd> decode_job_end(ByteView bytes) noexcept;

}  // namespace coffer::media
