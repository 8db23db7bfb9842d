// A short name of a long text, some ten times as fast as SHA-256.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace coffer {

// 32 hexadecimal digits (XXH3, 128 bits): others as soon as one of the texts, or where they are
// cut, is another, but for chance. Who wants two texts of one fingerprint can find them, so it is
// for what nobody gains by that: whether a reply is the one that its reader has already.
std::string fingerprint(std::initializer_list<std::string_view> texts);

}  // namespace coffer
