#include "apis/mediavault/media_form.h"

#include <algorithm>
#include <utility>

#include "apis/kit/form.h"
#include "base/text.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::string_view kChecksum = "checksum";

void add_tags(std::string_view list, std::vector<std::string>& tags) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view tag = trim(list.substr(0, comma));
    if (!tag.empty()) tags.emplace_back(tag);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

// Pairs the checksums of a form with its files.
class Checksums {
 public:
  std::optional<Problem> add(std::string_view text, const std::vector<vault::NewFile>& files) {
    const auto checksum = parse_checksum(text);
    if (!checksum) return field("Must be sha256: and 64 hexadecimal digits");
    if (!files.empty() && !last_is_checked_) {
      last_is_checked_ = true;
      return compare(*checksum, files.back());
    }
    if (next_) return field("Two of them come one after another, and no file between them");
    next_ = checksum;
    return std::nullopt;
  }

  // The last of the files has just come.
  std::optional<Problem> check_last(const std::vector<vault::NewFile>& files) {
    const auto checksum = std::exchange(next_, std::nullopt);
    last_is_checked_ = checksum.has_value();
    if (!checksum) return std::nullopt;
    return compare(*checksum, files.back());
  }

  std::optional<Problem> finish() const {
    if (next_) return field("The last one has no file");
    return std::nullopt;
  }

 private:
  static Problem field(std::string message) {
    return Problem::field(std::string(kChecksum), std::move(message));
  }
  static std::optional<Problem> compare(const Sha256Digest& checksum, const vault::NewFile& file) {
    if (file.staged.digest() == checksum) return std::nullopt;
    Problem problem(ProblemKind::kChecksumMismatch,
                    "The bytes are not those of the checksum; send them again");
    problem.fields.push_back(
        {std::string(kChecksum), "The file has sha256:" + file.staged.digest().hex()});
    return problem;
  }

  std::optional<Sha256Digest> next_;  // of the next file
  bool last_is_checked_ = false;
};

}  // namespace

std::optional<Sha256Digest> parse_checksum(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  return Sha256Digest::from_hex(text.substr(kPrefix.size()));
}

Task<std::expected<MediaForm, Problem>> read_media_form(RequestContext& context,
                                                        std::string boundary,
                                                        MediaFormLimits limits) {
  FormReader reader(context.request, std::move(boundary));
  MediaForm form;
  Checksums checksums;
  for (;;) {
    auto next = co_await reader.next();
    if (!next) co_return std::unexpected(std::move(next.error()));
    if (!*next) break;
    FormReader::Part& part = **next;
    std::optional<Problem> problem;
    if (part.filename && part.name == "file") {
      if (form.files.size() == limits.max_files) {
        co_return std::unexpected(Problem::field(
            "file", "At most " + std::to_string(limits.max_files) + " fit in one form"));
      }
      // The length of the body says little about the length of one of its parts.
      auto staged = co_await context.vault.uploads().receive(context.account().id, reader.content(),
                                                             std::nullopt, limits.replaced,
                                                             context.request.body->length());
      if (!staged) co_return std::unexpected(staged.error());
      form.files.push_back({.staged = std::move(*staged), .name = std::move(*part.filename)});
      problem = checksums.check_last(form.files);
    } else if (!part.filename) {
      if (!is_utf8(part.text)) {
        co_return std::unexpected(Problem::field(part.name, "Must be text in UTF-8"));
      }
      // Fields of other names are nobody's.
      if (part.name == kChecksum) problem = checksums.add(part.text, form.files);
      if (part.name == "title") form.title = std::move(part.text);
      if (part.name == "description") form.description = std::move(part.text);
      if (part.name == "tags") add_tags(part.text, form.tags);
    }
    if (problem) co_return std::unexpected(std::move(*problem));
  }
  if (auto problem = checksums.finish()) co_return std::unexpected(std::move(*problem));
  if (form.files.empty()) {
    co_return std::unexpected(
        Problem::field("file", "A file is required: a part named file with a filename"));
  }
  co_return form;
}

}  // namespace coffer::apis::mediavault
