#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "apis/common/json.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/wire.h"
#include "base/text.h"
#include "http/multipart.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::size_t kFieldMax = 64 * 1024;

Problem stream_problem(StreamFault fault) { return vault::bad_stream(fault).error(); }

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

Task<std::expected<Form, Problem>> read_form(Exchange& exchange, std::string boundary) {
  Form form;
  http::MultipartReader reader(*exchange.request.body, std::move(boundary));
  for (;;) {
    const auto next = co_await reader.next();
    if (!next) co_return std::unexpected(stream_problem(next.error()));
    if (!*next) break;
    const http::PartHead& part = **next;
    if (part.filename && part.name == "file") {
      // The length of the body says little about the length of one of its parts.
      auto received = co_await exchange.vault.uploads().receive(exchange.account().home, reader,
                                                                std::nullopt);
      if (!received) co_return std::unexpected(Problem(received.error()));
      form.files.push_back({.received = std::move(*received), .name = *part.filename});
    } else if (!part.filename) {
      auto text = co_await reader.read_text(kFieldMax);
      if (!text) co_return std::unexpected(stream_problem(text.error()));
      if (!is_utf8(*text)) {
        co_return std::unexpected(Problem::field(part.name, "Must be text in UTF-8"));
      }
      form.set(part.name, std::move(*text));
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

Task<Reply> upload_media(Exchange& exchange) {
  auto boundary = http::multipart_boundary(exchange.request.header("Content-Type").value_or(""));
  if (!boundary) {
    co_return std::unexpected(Problem(ProblemKind::kUnsupportedMediaType,
                                      "Send a form: multipart/form-data with a part named file"));
  }
  auto form = co_await read_form(exchange, std::move(*boundary));
  if (!form) co_return std::unexpected(std::move(form.error()));
  if (form->files.empty()) {
    co_return std::unexpected(
        Problem::field("file", "A file is required: a part named file with a filename"));
  }
  const vault::Account& account = exchange.account();
  const auto entries =
      co_await exchange.vault.uploads().commit(account.id, account.home, std::move(form->files));
  if (!entries) co_return std::unexpected(entries.error());
  if (entries->size() == 1) {
    co_return success(exchange, media_object(exchange, entries->front()), 201);
  }
  boost::json::array data;
  for (const vault::Entry& entry : *entries) data.push_back(media_object(exchange, entry));
  co_return success(exchange, std::move(data), 201);
}

}  // namespace coffer::apis::mediavault
