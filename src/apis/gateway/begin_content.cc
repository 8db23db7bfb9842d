#include "apis/gateway/begin_content.h"

#include <cstdint>
#include <exception>
#include <memory>
#include <utility>
#include <variant>

#include "base/fetched_content.h"

namespace coffer::apis {
namespace {

// The first section of the reply that has bytes; null when there is none.
http::ContentSection* first_section(http::Response& response) {
  for (http::Segment& segment : response.body) {
    auto* const section = std::get_if<http::ContentSection>(&segment);
    if (section && section->length > 0) return section;
  }
  return nullptr;
}

const FetchedContent* fetched_in(const http::ContentSection* section) {
  return section ? dynamic_cast<const FetchedContent*>(section->content.get()) : nullptr;
}

std::uint64_t length_of_sections(const http::Response& response) {
  std::uint64_t length = 0;
  for (const http::Segment& segment : response.body) {
    const auto* const section = std::get_if<http::ContentSection>(&segment);
    if (section) length += section->length;
  }
  return length;
}

// The content, which keeps what counts the memory of its reader.
std::shared_ptr<const Content> counted(std::shared_ptr<const Content> content,
                                       ReaderMemory memory) {
  struct Both {
    std::shared_ptr<const Content> content;
    ReaderMemory memory;
  };
  const Content* const itself = content.get();
  auto both = std::make_shared<const Both>(std::move(content), std::move(memory));
  return {std::move(both), itself};
}

}  // namespace

bool is_fetched(http::Response& response) { return fetched_in(first_section(response)) != nullptr; }

Task<bool> begin_content(http::Response& response, std::string owner, InputStream& client) {
  http::ContentSection* const section = first_section(response);
  const auto* const fetched = fetched_in(section);
  ContentReader reader{
      .owner = std::move(owner), .client = client, .length = length_of_sections(response)};
  std::exception_ptr error;
  try {
    auto memory = co_await fetched->begin(section->offset, section->length, std::move(reader));
    if (memory) {
      section->content = counted(std::move(section->content), std::move(*memory));
      co_return true;
    }
  } catch (...) {
    error = std::current_exception();
  }
  const http::Delivery nothing{.bytes_sent = 0, .complete = false};
  if (response.after_sending) co_await response.after_sending(nothing);
  if (error) std::rethrow_exception(error);
  co_return false;
}

}  // namespace coffer::apis
