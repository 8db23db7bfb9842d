// How the local store names its files (docs/blob-store.md).
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "blobs/local/disk.h"

namespace coffer::blobs {

// Blobs are spread over this many folders by the first byte of their names.
inline constexpr unsigned kFolders = 256;

// `blobs/3f`. REQUIRES: number < kFolders.
std::string folder_name(unsigned number);
// Number of the folder that holds the blob.
unsigned folder_of(const Sha256Digest& digest);
// `blobs/3f/3fa9…`.
std::string blob_name(const Sha256Digest& digest);
// The blob that a file of this name in that folder is; nothing for a foreign file.
std::optional<Sha256Digest> blob_in(unsigned folder, const std::string& file);
// `blobs/tmp/17`: beside what it becomes, since a folder may be on a disk of its own.
std::string temporary_name(std::uint64_t number);

// `segments/0000002a.seg`, and the index beside it.
std::string segment_name(std::uint32_t number);
std::string segment_index_name(std::uint32_t number);
std::string segment_index_temporary_name(std::uint32_t number);
// The number in such a name without its folder; nothing for any other.
std::optional<std::uint32_t> segment_number(std::string_view file, std::string_view suffix);

// Whether there is a file of that name. A folder or a link is not the store's, whatever its name:
// file systems and their tools put things everywhere.
bool is_file(Disk& disk, const std::string& name);

// The folder of all folders.
inline constexpr const char* kBlobs = "blobs";
inline constexpr const char* kSegments = "segments";
inline constexpr const char* kSegmentSuffix = ".seg";
inline constexpr const char* kSegmentIndexSuffix = ".idx";
// Of an index that is being written.
inline constexpr const char* kSegmentIndexTemporarySuffix = ".idx.new";

// The folder of blobs that are being written.
inline constexpr const char* kTemporaries = "blobs/tmp";
// Written to find out whether there is room.
inline constexpr const char* kSpaceProbe = "blobs/tmp/space";

// Makes what an empty store needs, or removes the temporaries that a crash left in an old one.
// Returns which folders are there, durably; the others are made when they are first needed.
// REQUIRES: nobody else uses the store's folder.
std::bitset<kFolders> prepare(Disk& disk);

}  // namespace coffer::blobs
