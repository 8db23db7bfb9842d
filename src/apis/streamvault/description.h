// Descriptions of the document's calls, and the shapes that they share.
#pragma once

#include <string>
#include <vector>

#include "apis/gateway/description.h"

namespace coffer::apis::streamvault {

inline constexpr char kChunks[] = "Chunks";
inline constexpr char kFolders[] = "Folders";
inline constexpr char kFiles[] = "Files";

ApiDescription describe();

// description_entries.cc
std::vector<NamedSchema> schemas();
std::vector<Operation> describe_chunks();
std::vector<Operation> describe_folders();
std::vector<Operation> describe_files();

Answer reply(std::string about, Schema schema, unsigned status = 200);
// `{"message"}`
Answer message_reply(std::string about);
// The forms in which fields are taken: JSON, and those of HTML.
std::vector<Content> fields(Schema schema);

}  // namespace coffer::apis::streamvault
