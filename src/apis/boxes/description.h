// Descriptions of the document's calls, and the shapes that they share.
#pragma once

#include <string>
#include <vector>

#include "apis/gateway/description.h"

namespace coffer::apis::boxes {

inline constexpr char kAccountsTag[] = "Accounts";
inline constexpr char kProjectsTag[] = "Projects";
inline constexpr char kBoxesTag[] = "Boxes";
inline constexpr char kAssetsTag[] = "Assets";
inline constexpr char kModelsTag[] = "AI models";

// description_shapes.cc
std::vector<NamedSchema> schemas();
Answer reply(std::string about, Schema schema, unsigned status = 200);
Answer deleted();
// A list as the whole array, and as a page; with the parameters that choose.
Answer list_answer(std::string about, Schema element);
std::vector<Parameter> with_page(std::vector<Parameter> parameters);
// The forms in which fields are taken: JSON, and those of HTML.
std::vector<Content> fields(Schema schema);
// What the framework takes for a boolean, besides true and false.
Schema truth();
// A number of something, or as text; null or an empty text: none.
Schema number_or_none(Schema number);

// description_assets.cc
std::vector<Operation> describe_assets();

}  // namespace coffer::apis::boxes
