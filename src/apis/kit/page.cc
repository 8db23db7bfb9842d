#include "apis/kit/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apis/kit/page_style.h"
#include "apis/kit/share_link.h"
#include "base/hash.h"
#include "base/text.h"

namespace coffer::apis {
namespace {

constexpr char kPolicy[] =
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action ";
constexpr char kForever[] = "public, max-age=31536000, immutable";
constexpr std::size_t kStyleDigits = 16;

constexpr char kLogo[] =
    R"(<svg class="logo" viewBox="0 0 24 24" aria-hidden="true"><path d="M4 9.5 6 5h12l2 4.5V18a1.5 )"
    R"(1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18zM4 9.5h16M10 9.5V13h4V9.5"/></svg>)";

// The picture in a browser's tab; colours of its own, for it stands alone.
constexpr char kTabIcon[] =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#2f6f66" )"
    R"(stroke-width="1.8" stroke-linejoin="round"><path d="M4 9.5 6 5h12l2 4.5V18a1.5 1.5 0 0 )"
    R"(1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18zM4 9.5h16M10 9.5V13h4V9.5"/></svg>)";

// The same address as long as the text is the same.
const std::string& style_version() {
  static const std::string version = Sha256::of(as_bytes(kPageStyle)).hex().substr(0, kStyleDigits);
  return version;
}

// Text between `<script>` tags as a policy names it.
std::string source_hash(std::string_view script) {
  std::string hash = to_base64url(Sha256::of(as_bytes(script)).bytes);
  std::ranges::replace(hash, '-', '+');
  std::ranges::replace(hash, '_', '/');
  return "'sha256-" + hash + "='";
}

void protect(http::Response& response, const Page& page = {}) {
  std::string policy = kPolicy;
  policy += page.has_form ? "'self'" : "'none'";
  if (page.has_frame) policy += "; frame-src 'self'";
  if (!page.script.empty()) {
    policy += "; script-src " + source_hash(page.script) + "; connect-src 'self'";
  }
  response.headers.set("Content-Security-Policy", std::move(policy));
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("X-Robots-Tag", "noindex, nofollow");
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default:
        if ((c >= 0 && c < ' ' && c != '\n') || c == '\x7f') {
          out += "\xef\xbf\xbd";
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string_view icon_of(vault::FileKind kind) noexcept {
  switch (kind) {
    case vault::FileKind::kFolder:
      return R"(<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3.5 18V6.5A1.5 1.5 0 0 1 5 5h4l2 2.5h8A1.5 1.5 0 0 1 20.5 9v9a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 18z"/></svg>)";
    case vault::FileKind::kImage:
      return R"(<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 4.5h14A1.5 1.5 0 0 1 20.5 6v12a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 18V6A1.5 1.5 0 0 1 5 4.5zM4 17l5-5 4 4 2.5-2.5L20 18M15 9.5a1.2 1.2 0 1 0 2.4 0 1.2 1.2 0 1 0-2.4 0"/></svg>)";
    case vault::FileKind::kVideo:
      return R"(<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 4.5h14A1.5 1.5 0 0 1 20.5 6v12a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 18V6A1.5 1.5 0 0 1 5 4.5zM10 8.5v7l6-3.5z"/></svg>)";
    case vault::FileKind::kAudio:
      return R"(<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9 17.5V6l10-2v11.5M9 17.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 1 1 5 0zM19 15.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 1 1 5 0z"/></svg>)";
    case vault::FileKind::kDocument:
      return R"(<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6.5 3.5H14l4.5 4.5v11a1.5 1.5 0 0 1-1.5 1.5H6.5A1.5 1.5 0 0 1 5 19V5a1.5 1.5 0 0 1 1.5-1.5zM13.5 3.5V8.5h5M8.5 12.5h6.5M8.5 16h6.5"/></svg>)";
    case vault::FileKind::kOther: break;
  }
  return R"(<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6.5 3.5H14l4.5 4.5v11a1.5 1.5 0 0 1-1.5 1.5H6.5A1.5 1.5 0 0 1 5 19V5a1.5 1.5 0 0 1 1.5-1.5zM13.5 3.5V8.5h5"/></svg>)";
}

std::string_view download_icon() noexcept {
  return R"(<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14"/></svg>)";
}

std::string_view broken_link_icon() noexcept {
  return R"(<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10 7 11.5 5.5a4.2 4.2 0 0 1 6 6L16 13M14 17l-1.5 1.5a4.2 4.2 0 0 1-6-6L8 11M4 4l16 16"/></svg>)";
}

Sorry sorry_for(ProblemKind kind) noexcept {
  switch (kind) {
    case ProblemKind::kRateLimited:
      return {"Too many requests", "Wait a minute, then load this page again."};
    case ProblemKind::kMethodNotAllowed:
      return {"This page can only be read", "Open it in a browser as it is."};
    case ProblemKind::kHttpsRequired:
      return {"This vault is served over HTTPS only", "Put https:// in front of the address."};
    case ProblemKind::kOutOfStorage:
      return {"The disk of this server is full", "Its operator has to make room first."};
    case ProblemKind::kInternal:
    case ProblemKind::kBusy:
      return {"Something went wrong here", "It is not your doing. Try again in a moment."};
    default: return {"This request cannot be answered", "Check the address and try again."};
  }
}

std::string sorry_view(std::string_view title, std::string_view advice) {
  return fmt::format("<div class=\"sorry\">{}<h1>{}</h1><p>{}</p></div>\n", broken_link_icon(),
                     escape_html(title), escape_html(advice));
}

http::Response page_response(unsigned status, const Page& page) {
  const std::string pages = escape_html(page.base_path) + std::string(kSharePrefix);
  std::string code;
  if (!page.script.empty()) code = fmt::format("<script>{}</script>\n", page.script);
  std::string html = fmt::format(
      R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>{0} – Coffer</title>
<link rel="stylesheet" href="{1}/style.css?v={2}">
<link rel="icon" type="image/svg+xml" href="{1}/icon.svg">
{6}</head>
<body>
<header class="top">{3}<span>Coffer</span></header>
<main>
{4}</main>
{5}</body>
</html>
)",
      escape_html(page.title), pages, style_version(), kLogo, page.content, code, page.head);
  http::Response response =
      http::Response::text(status, "text/html; charset=utf-8", std::move(html));
  protect(response, page);
  response.headers.set("Cache-Control", "private, no-cache");
  return response;
}

http::Response style_response() {
  http::Response response =
      http::Response::text(200, "text/css; charset=utf-8", std::string(kPageStyle));
  protect(response);
  response.headers.set("Cache-Control", kForever);
  return response;
}

http::Response icon_response() {
  http::Response response = http::Response::text(200, "image/svg+xml", std::string(kTabIcon));
  protect(response);
  response.headers.set("Cache-Control", kForever);
  return response;
}

}  // namespace coffer::apis
