#include "apis/reference/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <utility>

#include "apis/gateway/accept.h"
#include "apis/kit/json.h"
#include "apis/kit/page.h"
#include "apis/reference/openapi.h"
#include "apis/reference/viewer.h"
#include "base/hash.h"
#include "base/text.h"

namespace coffer::apis::reference {
namespace {

constexpr std::string_view kOpenApi = ".json";
constexpr std::string_view kPostman = ".postman.json";
constexpr char kForever[] = "public, max-age=31536000, immutable";
constexpr std::size_t kVersionDigits = 16;

// The page's own files and nothing else. The viewer draws its arrows from `data:` addresses.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view kStart = R"(// Shows the document that the page names.
const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();
const place = document.getElementById('reference');
SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: 'list',
  validatorUrl: null,
});
)";

constexpr std::string_view kStyle = R"(html { color-scheme: light dark; background: #fff; }
html.dark-mode { background: #1c2022; }
body { margin: 0; font-family: system-ui, sans-serif; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: .75rem 1.5rem; background: #2f6f66; }
nav a { color: #fff; text-decoration: none; padding: .25rem 0; }
nav a:hover, nav a:focus-visible { text-decoration: underline; }
nav a[aria-current] { border-bottom: 2px solid #fff; }
nav .files { margin-left: auto; display: flex; gap: 1.25rem; }
noscript p { padding: 1rem 1.5rem; }
)";

std::string hash_of(std::string_view text) {
  return Sha256::of(as_bytes(text)).hex().substr(0, kVersionDigits);
}

// A file of the page. Its address has its hash, so that it may be kept.
enum AssetNumber : std::size_t { kViewerScript, kViewerStyle, kStartScript, kPageStyle };
struct Asset {
  std::string_view name;
  std::string_view type;
  std::string_view bytes;
  bool is_compressed;
};

// In the order of their numbers.
std::vector<Asset> assets() {
  return {
      {"swagger-ui-bundle.js", "text/javascript; charset=utf-8", viewer_script(), true},
      {"swagger-ui.css", "text/css; charset=utf-8", viewer_style(), true},
      {"start.js", "text/javascript; charset=utf-8", kStart, false},
      {"docs.css", "text/css; charset=utf-8", kStyle, false},
  };
}

void protect(http::Response& response) {
  response.headers.set("Content-Security-Policy", kPolicy);
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "no-referrer");
}

Problem nothing_here() { return {ProblemKind::kNotFound, "There is no such document"}; }

class Reference final : public Dialect {
 public:
  explicit Reference(std::vector<Document> documents) : documents_(std::move(documents)) {
    for (const Document& document : documents_) tags_.push_back(hash_of(document.text));
    for (const Asset& asset : assets()) versions_.push_back(hash_of(asset.bytes));
  }

  std::string_view name() const override { return "reference"; }
  std::vector<std::string> prefixes() const override { return {""}; }
  std::vector<std::string> claims() const override { return {"/openapi", "/docs"}; }

  std::vector<Route> routes() const override {
    std::vector<Route> routes;
    const auto add = [&](std::string pattern, Handler handler) {
      routes.push_back({.method = http::Method::kGet,
                        .pattern = std::move(pattern),
                        .access = Access::kAnyone,
                        .handler = std::move(handler),
                        .rate = RateClass::kVisitor});
    };
    add("/openapi/{document}", [this](RequestContext& context) { return send_document(context); });
    add("/docs", [this](RequestContext& context) { return send_page(context, 0); });
    add("/docs/{name}", [this](RequestContext& context) { return send_named(context); });
    return routes;
  }

  http::Response render(const Problem& problem, const http::Request& request) const override {
    const unsigned status = status_of(problem.kind);
    if (!prefers_page(request)) {
      return json_response(status, {{"error", problem.message}, {"request_id", request.id}});
    }
    const auto [title, advice] = sorry_for(problem.kind);
    const std::string content = sorry_view(title, advice);
    return page_response(status, {.base_path = base_path(), .title = title, .content = content});
  }

 private:
  Task<Reply> send_document(RequestContext& context) const {
    const auto found =
        std::ranges::find(documents_, context.path.text("document"), &Document::name);
    if (found == documents_.end()) co_return std::unexpected(nothing_here());
    const std::string& base_url = context.client.base_url;
    const std::string& tag = tags_[static_cast<std::size_t>(found - documents_.begin())];
    const std::string etag = '"' + hash_of(tag + base_url) + '"';
    http::Response response = http::Response::text(200, "application/json", found->below(base_url));
    response.headers.set("ETag", etag);
    response.headers.set("Cache-Control", "no-cache");
    // Other sites may show what everybody may read.
    response.headers.set("Access-Control-Allow-Origin", "*");
    co_return response;
  }

  Task<Reply> send_named(RequestContext& context) const {
    const std::string& name = context.path.text("name");
    const std::vector<Asset> files = assets();
    const auto file = std::ranges::find(files, name, &Asset::name);
    if (file != files.end()) co_return send_asset(context.request, *file);
    const auto page = std::ranges::find(documents_, name + std::string(kOpenApi), &Document::name);
    if (page == documents_.end()) co_return std::unexpected(nothing_here());
    Reply reply = co_await send_page(context, static_cast<std::size_t>(page - documents_.begin()));
    co_return reply;
  }

  static Reply send_asset(const http::Request& request, const Asset& asset) {
    // Every browser takes gzip; any other client gets an error that says so.
    if (asset.is_compressed && accept_coding_quality(request, "gzip") == 0) {
      return std::unexpected(Problem(ProblemKind::kUnsupportedMediaType,
                                     "This file is sent with Content-Encoding: gzip only"));
    }
    http::Response response =
        http::Response::text(200, std::string(asset.type), std::string(asset.bytes));
    if (asset.is_compressed) {
      response.headers.set("Content-Encoding", "gzip");
      response.headers.set("Vary", "Accept-Encoding");
    }
    protect(response);
    response.headers.set("Cache-Control", kForever);
    return response;
  }

  // The document of that number, and links to the others.
  Task<Reply> send_page(const RequestContext& context, std::size_t number) const {
    if (documents_.empty()) co_return std::unexpected(nothing_here());
    const std::string base(context.client.base_path);
    const Document& shown = documents_[number];
    std::string links;
    for (const Document& document : documents_) {
      if (document.name.ends_with(kPostman)) continue;
      fmt::format_to(std::back_inserter(links), "<a href=\"{}/docs/{}\"{}>{}</a>\n",
                     escape_html(base), api_name(document),
                     &document == &shown ? " aria-current=\"page\"" : "",
                     escape_html(document.title));
    }
    std::string html = fmt::format(
        R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{1} – Coffer</title>
<link rel="stylesheet" href="{0}">
<link rel="stylesheet" href="{2}">
<link rel="icon" href="data:,">
</head>
<body>
<nav aria-label="APIs">
{3}<span class="files"><a href="{4}/openapi/{5}.json">OpenAPI</a> <a href="{4}/openapi/{5}.postman.json" download>Postman</a></span>
</nav>
<main id="reference" data-document="{4}/openapi/{5}.json"></main>
<noscript><p>This page is drawn by a script. The document itself is at <a href="{4}/openapi/{5}.json">{4}/openapi/{5}.json</a>.</p></noscript>
<script src="{6}"></script>
<script src="{7}"></script>
</body>
</html>
)",
        address(base, kViewerStyle), escape_html(shown.title), address(base, kPageStyle), links,
        escape_html(base), api_name(shown), address(base, kViewerScript),
        address(base, kStartScript));
    http::Response response =
        http::Response::text(200, "text/html; charset=utf-8", std::move(html));
    protect(response);
    response.headers.set("Cache-Control", "no-cache");
    co_return response;
  }

  static std::string api_name(const Document& document) {
    return document.name.substr(0, document.name.find('.'));
  }

  std::string address(std::string_view base, AssetNumber asset) const {
    return fmt::format("{}/docs/{}?v={}", escape_html(base), assets()[asset].name,
                       versions_[asset]);
  }

  const std::vector<Document> documents_;
  std::vector<std::string> tags_;      // of the documents' texts
  std::vector<std::string> versions_;  // of the assets
};

}  // namespace

std::string Document::below(std::string_view base_url) const {
  std::string escaped = boost::json::serialize(boost::json::string(base_url));
  escaped = escaped.substr(1, escaped.size() - 2);
  std::string out;
  out.reserve(text.size());
  std::size_t from = 0;
  for (std::size_t at = text.find(kAnyBaseUrl); at != std::string::npos;
       at = text.find(kAnyBaseUrl, from)) {
    out.append(text, from, at - from);
    out += escaped;
    from = at + kAnyBaseUrl.size();
  }
  return out.append(text, from);
}

std::vector<Document> documents(const std::vector<std::unique_ptr<Dialect>>& dialects) {
  std::vector<Document> documents;
  for (const auto& api : described(dialects)) {
    const std::string& title = api->description.title;
    documents.push_back({api->name + std::string(kOpenApi), title,
                         boost::json::serialize(openapi(*api, kAnyBaseUrl))});
    documents.push_back({api->name + std::string(kPostman), title,
                         boost::json::serialize(postman(*api, kAnyBaseUrl))});
  }
  return documents;
}

std::unique_ptr<Dialect> make(std::vector<Document> documents) {
  return std::make_unique<Reference>(std::move(documents));
}

}  // namespace coffer::apis::reference
