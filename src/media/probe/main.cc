// coffer-media-probe: prints what the media worker finds in files.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "media/pool/worker_pool.h"
#include "media/sniff/type.h"

namespace coffer::media {
namespace {

struct Options {
  std::string program;
  std::string thumbnails;
  Request request;
  int repeat = 1;
  WorkerPoolOptions pool;
  std::vector<std::string> files;
};

class JsonLine {
 public:
  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, json_quoted(value));
  }
  template <class T>
  void number(std::string_view name, const std::optional<T>& value) {
    if (value) add(name, fmt::format("{}", *value));
  }
  void add(std::string_view name, std::string_view value) {
    line_ += fmt::format("{}{}: {}", line_.empty() ? "" : ", ", json_quoted(name), value);
  }
  std::string str() const { return "{" + line_ + "}"; }

 private:
  std::string line_;
};

void add_facts(JsonLine& line, const Facts& facts) {
  line.text("kind", name_of(facts.kind));
  line.number("width", facts.width);
  line.number("height", facts.height);
  if (facts.duration_micros) {
    line.add("duration", fmt::format("{:.6f}", static_cast<double>(*facts.duration_micros) / 1e6));
  }
  line.text("codec", facts.codec);
  line.text("colour_space", facts.colour_space);
  if (facts.taken_at) {
    line.add("taken_at_local", fmt::format("{}", facts.taken_at->local_micros));
    line.number("offset_minutes", facts.taken_at->offset_minutes);
  }
  if (facts.location) {
    line.add("latitude", fmt::format("{:.7f}", facts.location->latitude_e7 / 1e7));
    line.add("longitude", fmt::format("{:.7f}", facts.location->longitude_e7 / 1e7));
  }
  line.text("camera_make", facts.camera_make);
  line.text("camera_model", facts.camera_model);
  line.text("title", facts.title);
  line.text("artist", facts.artist);
  line.text("album", facts.album);
  line.number("track", facts.track);
  line.number("pages", facts.pages);
}

void write_picture(const Options& options, std::string_view path, const Picture& picture) {
  if (options.thumbnails.empty()) return;
  std::string name(path);
  for (char& c : name) {
    if (c == '/') c = '_';
  }
  const char* const extension = picture.format == PictureFormat::kWebp   ? "webp"
                                : picture.format == PictureFormat::kJpeg ? "jpg"
                                : picture.format == PictureFormat::kPng  ? "png"
                                                                         : "avif";
  std::ofstream out(fmt::format("{}/{}.{}", options.thumbnails, name, extension), std::ios::binary);
  const std::string_view bytes = as_text(picture.bytes);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void probe(WorkerPool& pool, const Options& options, const std::string& path) {
  JsonLine line;
  line.text("file", path);
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status = {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) {
    line.text("error", "cannot be opened");
    std::puts(line.str().c_str());
    return;
  }
  const auto begin = std::chrono::steady_clock::now();
  const Reply reply =
      pool.run(options.request, file.get(), 0, static_cast<std::uint64_t>(status.st_size));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  if (reply.facts) add_facts(line, *reply.facts);
  if (reply.picture) {
    line.add("picture", fmt::format("[{}, {}, {}]", reply.picture->width, reply.picture->height,
                                    reply.picture->bytes.size()));
    write_picture(options, path, *reply.picture);
  }
  if (reply.failure) line.text("failure", describe(*reply.failure));
  line.add("memory_kib", fmt::format("{}", reply.memory_kib));
  line.add("cpu_milliseconds", fmt::format("{}", reply.cpu_millis));
  line.add("milliseconds", fmt::format("{:.1f}", took.count()));
  std::puts(line.str().c_str());
  std::fflush(stdout);
}

bool take_flag(std::string_view argument, std::string_view name, std::string& value) {
  if (!argument.starts_with(name)) return false;
  value = argument.substr(name.size());
  return true;
}

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    std::string value;
    if (take_flag(argument, "--thumbnails=", options.thumbnails)) continue;
    if (take_flag(argument, "--repeat=", value)) {
      options.repeat = static_cast<int>(parse_unsigned(value).value_or(1));
    } else if (take_flag(argument, "--format=", value)) {
      options.request.format = value == "jpeg"   ? PictureFormat::kJpeg
                               : value == "avif" ? PictureFormat::kAvif
                                                 : PictureFormat::kWebp;
    } else if (take_flag(argument, "--edge=", value)) {
      options.request.width = static_cast<std::uint32_t>(parse_unsigned(value).value_or(320));
      options.request.height = options.request.width;
      options.request.max_picture_bytes = kMaxPictureBytes;
    } else if (argument == "--optimize") {
      options.request.job = Job::kOptimize;
      options.request.width = options.request.height = kMaxOptimizedEdge;
      options.request.max_picture_bytes = kMaxPictureBytes;
    } else if (take_flag(argument, "--patience=", value)) {
      options.pool.job_timeout = std::chrono::seconds(parse_unsigned(value).value_or(20));
    } else if (options.program.empty()) {
      options.program = argument;
    } else {
      options.files.emplace_back(argument);
    }
  }
  return options;
}

// Where workers may say errors: not into a file, as a confined worker that writes one is killed.
std::optional<int> errors() {
  struct stat status = {};
  if (fstat(STDERR_FILENO, &status) != 0 || S_ISREG(status.st_mode)) return std::nullopt;
  return STDERR_FILENO;
}

int run(int count, char** arguments) {
  const Options options = parse(count, arguments);
  if (options.files.empty()) {
    std::fputs(
        "usage: coffer-media-probe <coffer-media> [--thumbnails=<folder>] [--edge=<pixels>] "
        "[--format=webp|jpeg|avif] [--optimize] [--repeat=<n>] [--patience=<seconds>] <file>...\n",
        stderr);
    return 2;
  }
  WorkerPool pool(program_launcher(options.program, errors()), options.pool);
  for (int round = 0; round < options.repeat; ++round) {
    for (const std::string& path : options.files) probe(pool, options, path);
  }
  const auto stats = pool.stats();
  std::string layers;
  for (std::uint32_t bit = 1; bit <= kAllLayers; bit <<= 1) {
    if ((stats.layers & bit) != 0) layers += fmt::format(" {}", name_of(static_cast<Layer>(bit)));
  }
  fmt::print(stderr, "{} jobs, {} workers, {} failed;{}\n", stats.jobs, stats.started, stats.failed,
             layers);
  return 0;
}

}  // namespace
}  // namespace coffer::media

int main(int count, char** arguments) {
  try {
    return coffer::media::run(count, arguments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "coffer-media-probe: {}\n", error.what());
    return 1;
  }
}
