#include "apis/pages/link_preview.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace coffer::apis::pages {
namespace {

// In lower case, parts of what User-Agent has. Signal calls itself WhatsApp, iMessage
// facebookexternalhit and Twitterbot.
constexpr std::array kPreviewers = {
    "whatsapp",
    "telegrambot",
    "slackbot",
    "slack-imgproxy",
    "discordbot",
    "twitterbot",
    "facebot",
    "linkedinbot",
    "skypeuripreview",
    "microsoftpreview",
    "facebookexternalhit",
    "facebookcatalog",
    "meta-externalagent",
    "mattermost",
    "rocket.chat",
    "synapse",
    "mastodon",
    "pleroma",
    "misskey",
    "bluesky cardyb",
    "redditbot",
    "pinterestbot",
    "vkshare",
    "viber",
    "kakaotalk-scrap",
    "line-poker",
    "snapchat",
    "iframely",
    "embedly",
    "bitlybot",
    "zoominfobot",
    "google-pagerenderer",
    "nextcloud server crawler",
    "zulipurlpreview",
};

}  // namespace

bool is_link_preview(const http::Request& request) {
  const auto field = request.header("User-Agent");
  if (!field) return false;
  const std::string agent = to_lower_ascii(*field);
  return std::ranges::any_of(
      kPreviewers, [&](std::string_view name) { return agent.find(name) != std::string::npos; });
}

}  // namespace coffer::apis::pages
