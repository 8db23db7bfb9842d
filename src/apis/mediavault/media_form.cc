#include "apis/mediavault/media_form.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <utility>

#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/mediavault/errors.h"
#include "base/text.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::string_view kChecksum = "checksum";
constexpr std::string_view kFile = "file";

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
  // What is wrong with the field goes to `fields`; kChecksumMismatch for the file before it.
  std::optional<Problem> add(std::string_view text, const std::vector<vault::NewFile>& files,
                             Fields& fields) {
    const auto checksum = parse_checksum(text);
    if (!checksum) {
      fields.fault(kChecksum, "Must be sha256: and 64 hexadecimal digits");
    } else if (!files.empty() && !last_is_checked_) {
      last_is_checked_ = true;
      return compare(*checksum, files.back());
    } else if (next_) {
      fields.fault(kChecksum, "Two of them come one after another, and no file between them");
    } else {
      next_ = checksum;
    }
    return std::nullopt;
  }

  // The last of the files has just come.
  std::optional<Problem> check_last(const std::vector<vault::NewFile>& files) {
    const auto checksum = std::exchange(next_, std::nullopt);
    last_is_checked_ = checksum.has_value();
    if (!checksum) return std::nullopt;
    return compare(*checksum, files.back());
  }

  void finish(Fields& fields) const {
    if (next_) fields.fault(kChecksum, "The last one has no file");
  }

 private:
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

// Takes what the form says of its files. What is no text is at fault; fields of other names are
// nobody's.
void take_text(const FormReader::Part& part, MediaForm& form, Fields& fields) {
  if (!is_utf8(part.text)) {
    fields.fault(part.name, "Must be text in UTF-8");
    return;
  }
  if (part.name == "title") form.title = part.text;
  if (part.name == "description") form.description = part.text;
  if (part.name == "tags") add_tags(part.text, form.tags);
}

// What is wrong with the texts that have come, and with the name of a file.
void check_texts(const MediaForm& form, std::string_view filename, Fields& fields) {
  vault::EntryChanges texts;
  if (!trim(filename).empty()) texts.name = filename;
  texts.title = form.title;
  texts.description = form.description;
  texts.tags = form.tags;
  fields.add(about_media(vault::Entries::faults_of(std::move(texts))));
}

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
  const boost::json::object none;
  Fields fields(none);
  for (;;) {
    auto next = co_await reader.next();
    if (!next) co_return std::unexpected(std::move(next.error()));
    if (!*next) break;
    FormReader::Part& part = **next;
    std::optional<Problem> problem;
    if (part.filename && part.name == kFile) {
      if (form.files.size() == limits.max_files) {
        fields.fault(kFile, "At most " + std::to_string(limits.max_files) + " fit in one form");
      }
      if (limits.has_texts) check_texts(form, *part.filename, fields);
      if (auto faults = fields.problem()) co_return std::unexpected(std::move(*faults));
      // The length of the body says little about the length of one of its parts.
      auto staged = co_await context.vault.uploads().receive(context.account().id, reader.content(),
                                                             std::nullopt, limits.replaced,
                                                             context.request.body->length());
      if (!staged) co_return std::unexpected(staged.error());
      form.files.push_back({.staged = std::move(*staged), .name = std::move(*part.filename)});
      problem = checksums.check_last(form.files);
    } else if (!part.filename && part.name == kChecksum) {
      problem = checksums.add(part.text, form.files, fields);
    } else if (!part.filename && limits.has_texts) {
      take_text(part, form, fields);
    }
    if (problem) co_return std::unexpected(std::move(*problem));
  }
  checksums.finish(fields);
  if (form.files.empty()) {
    fields.fault(kFile, "A file is required: a part named file with a filename");
  }
  if (limits.has_texts) check_texts(form, {}, fields);
  if (auto faults = fields.problem()) co_return std::unexpected(std::move(*faults));
  co_return form;
}

}  // namespace coffer::apis::mediavault
