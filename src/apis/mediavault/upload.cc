#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/wire.h"
#include "base/text.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::size_t kFilesMax = 100;  // of one form

// What a form carries: files, and fields that hold for all of them.
struct Form {
  std::vector<vault::NewFile> files;
  std::optional<std::string> title;
  std::optional<std::string> description;
  std::vector<std::string> tags;

  // Fields of other names are nobody's.
  void set(std::string_view name, std::string value) {
    if (name == "title") {
      title = std::move(value);
    } else if (name == "description") {
      description = std::move(value);
    } else if (name == "tags") {
      add_tags(value);
    }
  }

 private:
  void add_tags(std::string_view list) {
    while (!list.empty()) {
      const std::size_t comma = std::min(list.find(','), list.size());
      const std::string_view tag = trim(list.substr(0, comma));
      if (!tag.empty()) tags.emplace_back(tag);
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
};

Task<std::optional<Problem>> read_file(RequestContext& context, InputStream& content,
                                       std::string name, Form& form) {
  if (form.files.size() == kFilesMax) {
    co_return Problem::field("file", "At most 100 files fit in one form");
  }
  // The length of the body says little about the length of one of its parts.
  auto staged =
      co_await context.vault.uploads().receive(context.account().id, content, std::nullopt);
  if (!staged) co_return Problem(staged.error());
  form.files.push_back({.staged = std::move(*staged), .name = std::move(name)});
  co_return std::nullopt;
}

// Reads the whole form.
Task<std::expected<Form, Problem>> read_form(RequestContext& context, std::string boundary) {
  FormReader reader(context.request, std::move(boundary));
  Form form;
  for (;;) {
    auto next = co_await reader.next();
    if (!next) co_return std::unexpected(std::move(next.error()));
    if (!*next) break;
    FormReader::Part& part = **next;
    if (!part.filename) {
      if (!is_utf8(part.text)) {
        co_return std::unexpected(Problem::field(part.name, "Must be text in UTF-8"));
      }
      form.set(part.name, std::move(part.text));
    } else if (part.name == "file") {
      auto problem = co_await read_file(context, reader.content(), std::move(*part.filename), form);
      if (problem) co_return std::unexpected(std::move(*problem));
    }
  }
  for (vault::NewFile& file : form.files) {
    file.title = form.title;
    file.description = form.description;
    file.tags = form.tags;
  }
  co_return form;
}

}  // namespace

Task<Reply> upload_media(RequestContext& context) {
  auto boundary = form_boundary(context.request);
  if (!boundary) co_return std::unexpected(std::move(boundary.error()));
  auto form = co_await read_form(context, std::move(*boundary));
  if (!form) co_return std::unexpected(std::move(form.error()));
  if (form->files.empty()) {
    co_return std::unexpected(
        Problem::field("file", "A file is required: a part named file with a filename"));
  }
  const auto entries = co_await context.vault.uploads().commit(
      context.actor(), context.account().home, std::move(form->files));
  if (!entries) co_return std::unexpected(about_media(entries.error()));
  if (entries->size() == 1) {
    co_return success(context, media_object(context, entries->front()), 201);
  }
  boost::json::array data(&context.memory);
  for (const vault::Entry& entry : *entries) data.push_back(media_object(context, entry));
  co_return success(context, std::move(data), 201);
}

}  // namespace coffer::apis::mediavault
