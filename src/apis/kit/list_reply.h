// Replies with lists of any length: read from the vault a page at a time, while they are sent.
//
// The one way for a dialect to answer with a list that grows with what is stored. The shape is that
// of a reply that is made at once; what is held is a page, however slow the client.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "apis/gateway/problem.h"
#include "apis/kit/json_writer.h"
#include "base/task.h"
#include "http/message.h"

namespace coffer::apis {

// The elements of an array, as text.
class JsonElements {
 public:
  // Appends to `text`. `is_first`: no element stands before.
  JsonElements(std::string& text, bool& is_first) noexcept : text_(text), is_first_(is_first) {}

  void add(const boost::json::value& element);
  void add(const WrittenJson& element);

 private:
  std::string& text_;
  bool& is_first_;
};

// Adds the next page of an array; whether there may be another one. Outlives the handler: whatever
// it refers to has to live as long as the vault or be its own. It asks in every page what its
// caller may see, where that can end while the list is under way, and throws when it has.
using NextPage = std::move_only_function<Task<bool>(JsonElements&)>;

// A text of a document. Outlives the handler, as NextPage.
using MakeText = std::move_only_function<std::string()>;

// The pages of a list of the vault, from `start` on: `read(cursor)` is a Task of the vault::Page
// behind the cursor, `cursor_of(item)` the cursor behind an item, `render(item)` its JSON.
// REQUIRES: as NextPage.
template <class Cursor, class Read, class CursorOf, class Render>
NextPage pages(Cursor start, Read read, CursorOf cursor_of, Render render) {
  return [cursor = std::move(start), read = std::move(read), cursor_of = std::move(cursor_of),
          render = std::move(render)](JsonElements& list) mutable -> Task<bool> {
    const auto page = co_await read(std::as_const(cursor));
    for (const auto& item : page.items) list.add(std::invoke(render, item));
    if (!page.items.empty()) cursor = std::invoke(cursor_of, page.items.back());
    co_return page.more;
  };
}

// A JSON text with arrays in it that are made later.
class ListDocument {
 public:
  // Stands as it is.
  ListDocument& text(std::string text);
  // What is made when everything before it was.
  ListDocument& text(MakeText make);
  // `[…]`.
  ListDocument& array(NextPage next);

 private:
  friend class ListSource;
  using Part = std::variant<std::string, MakeText, NextPage>;
  std::vector<Part> parts_;
};

// 200 with the document. What fits into one piece is sent as a whole, with its length; what does
// not is made while it is sent. A failure in the first piece is thrown, a later one ends the
// connection before the end of the reply.
Task<Reply> list_reply(ListDocument document);

// The same for a document that is `head`, an object, with one member more: the array.
Task<Reply> list_reply(const boost::json::object& head, std::string_view name, NextPage next);

}  // namespace coffer::apis
