// The documents of the APIs: those for programs, at `/openapi/`, and the page that
// shows them to people, at `/docs`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apis/gateway/dialect.h"

namespace coffer::apis::reference {

// One document: `mediavault.json` (OpenAPI 3.1), `mediavault.postman.json`.
struct Document {
  std::string name;
  std::string title;  // of the API
  std::string text;   // JSON, in which every URL begins with kAnyBaseUrl
  // The same, served below that URL.
  std::string below(std::string_view base_url) const;
};
inline constexpr std::string_view kAnyBaseUrl = "http://coffer.invalid";

// Of every dialect that describes itself; first its OpenAPI document, then its collection.
std::vector<Document> documents(const std::vector<std::unique_ptr<Dialect>>& dialects);

std::unique_ptr<Dialect> make(std::vector<Document> documents);

}  // namespace coffer::apis::reference
