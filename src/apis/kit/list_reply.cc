#include "apis/kit/list_reply.h"

#include <boost/json/object.hpp>
#include <memory>
#include <utility>

#include "apis/kit/json_text.h"
#include "base/executor.h"

namespace coffer::apis {
namespace {

// A piece is sent when it has so many bytes. It gets longer by a page at most.
constexpr std::size_t kPieceBytes = 16U << 10U;

}  // namespace

void JsonElements::add(const boost::json::value& element) {
  if (!std::exchange(is_first_, false)) text_ += ',';
  text_ += json_text(element);
}

void JsonElements::add(const WrittenJson& element) {
  if (!std::exchange(is_first_, false)) text_ += ',';
  text_ += element.text;
}

ListDocument& ListDocument::text(std::string text) {
  parts_.emplace_back(std::move(text));
  return *this;
}

ListDocument& ListDocument::text(MakeText make) {
  parts_.emplace_back(std::move(make));
  return *this;
}

ListDocument& ListDocument::array(NextPage next) {
  text("[");
  parts_.emplace_back(std::move(next));
  return text("]");
}

class ListSource final : public http::BodySource {
 public:
  explicit ListSource(ListDocument document) : parts_(std::move(document.parts_)) {}

  Task<std::string> next() override {
    std::string piece;
    while (!has_ended() && piece.size() < kPieceBytes) {
      if (auto* text = std::get_if<std::string>(&parts_[part_])) {
        piece += *text;
        ++part_;
        continue;
      }
      if (auto* make = std::get_if<MakeText>(&parts_[part_])) {
        piece += (*make)();
        ++part_;
        continue;
      }
      JsonElements elements(piece, is_first_);
      const bool more = co_await std::get<NextPage>(parts_[part_])(elements);
      if (!more) {
        ++part_;
        is_first_ = true;
      }
      // Pages of which nothing is shown must not keep others waiting.
      if (piece.size() < kPieceBytes && !has_ended()) co_await yield(Executor::current());
    }
    co_return piece;
  }
  bool has_ended() const noexcept { return part_ == parts_.size(); }

 private:
  std::vector<ListDocument::Part> parts_;
  std::size_t part_ = 0;
  bool is_first_ = true;  // no element of this part was added yet
};

Task<Reply> list_reply(ListDocument document) {
  auto source = std::make_unique<ListSource>(std::move(document));
  http::Response response = http::Response::text(200, "application/json", co_await source->next());
  if (!source->has_ended()) response.rest = std::move(source);
  co_return response;
}

Task<Reply> list_reply(const boost::json::object& head, std::string_view name, NextPage next) {
  ListDocument document;
  std::string text = json_text(head);
  text.back() = ',';
  text += json_text(boost::json::string(name)) + ':';
  document.text(std::move(text)).array(std::move(next)).text("}");
  return list_reply(std::move(document));
}

}  // namespace coffer::apis
