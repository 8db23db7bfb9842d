#include "media/worker/colour.h"

#include <lcms2.h>
#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <string_view>

#include "media/protocol/facts.h"

namespace coffer::media {
namespace {

using Profile = std::unique_ptr<void, decltype(&cmsCloseProfile)>;
using Transform = std::unique_ptr<void, decltype(&cmsDeleteTransform)>;

// For CMYK without a profile of its own.
Bytes& fallback_cmyk() {
  static Bytes profile;
  return profile;
}

Profile open_profile(const Bytes& bytes) {
  return {bytes.empty()
              ? nullptr
              : cmsOpenProfileFromMem(bytes.data(), static_cast<cmsUInt32Number>(bytes.size())),
          &cmsCloseProfile};
}

cmsColorSpaceSignature signature_of(Pixels::Model model) noexcept {
  switch (model) {
    case Pixels::Model::kGrey: return cmsSigGrayData;
    case Pixels::Model::kRgb: return cmsSigRgbData;
    case Pixels::Model::kCmyk: return cmsSigCmykData;
  }
  return cmsSigRgbData;
}

std::uint8_t sample8(const Pixels& pixels, std::size_t index) noexcept {
  if (pixels.bits == 8) return std::to_integer<std::uint8_t>(pixels.data[index]);
  std::uint16_t value = 0;
  std::memcpy(&value, pixels.data.data() + index * 2, 2);
  return static_cast<std::uint8_t>((value * 255u + 32767u) / 65535u);
}

float sample_float(const Pixels& pixels, std::size_t index) noexcept {
  if (pixels.bits == 8)
    return static_cast<float>(std::to_integer<int>(pixels.data[index])) / 255.0f;
  std::uint16_t value = 0;
  std::memcpy(&value, pixels.data.data() + index * 2, 2);
  return static_cast<float>(value) / 65535.0f;
}

// Grey becomes three equal samples, for a profile that is for RGB.
Pixels grey_as_rgb(const Pixels& grey) {
  Pixels out = grey;
  out.model = Pixels::Model::kRgb;
  const std::size_t size = grey.bits / 8;
  const std::size_t count = std::size_t{grey.width} * grey.height;
  out.data.resize(count * out.samples() * size);
  const std::byte* from = grey.data.data();
  std::byte* to = out.data.data();
  for (std::size_t i = 0; i < count; ++i) {
    for (int sample = 0; sample < 3; ++sample) to = std::copy_n(from, size, to);
    from += size;
    if (grey.alpha) {
      to = std::copy_n(from, size, to);
      from += size;
    }
  }
  return out;
}

// Reads R, G, B and alpha from pixels that are sRGB as they are.
void copy_plain(const Pixels& pixels, Raster& out) {
  const unsigned samples = pixels.samples();
  const bool grey = pixels.model == Pixels::Model::kGrey;
  for (std::size_t i = 0; i < out.rgba.size() / 4; ++i) {
    for (unsigned sample = 0; sample < 3; ++sample) {
      out.rgba[i * 4 + sample] = sample8(pixels, i * samples + (grey ? 0 : sample));
    }
  }
}

void copy_alpha(const Pixels& pixels, Raster& out) {
  const unsigned samples = pixels.samples();
  out.opaque = true;
  for (std::size_t i = 0; i < out.rgba.size() / 4; ++i) {
    const std::uint8_t value =
        pixels.alpha ? sample8(pixels, i * samples + samples - 1) : std::uint8_t{255};
    out.rgba[i * 4 + 3] = value;
    out.opaque = out.opaque && value == 255;
  }
}

bool convert_by_profile(const Pixels& pixels, const Bytes& bytes, Raster& out) {
  const Profile from = open_profile(bytes);
  if (!from || cmsGetColorSpace(from.get()) != signature_of(pixels.model)) return false;
  const Profile to(cmsCreate_sRGBProfile(), &cmsCloseProfile);
  const auto format = static_cast<cmsUInt32Number>(
      COLORSPACE_SH(PT_ANY) | EXTRA_SH(pixels.alpha ? 1u : 0u) |
      CHANNELS_SH(pixels.colour_samples()) | BYTES_SH(pixels.bits / 8));
  const Transform transform(
      cmsCreateTransform(from.get(), format, to.get(), TYPE_RGBA_8, INTENT_PERCEPTUAL, 0),
      &cmsDeleteTransform);
  if (!transform) return false;
  cmsDoTransform(transform.get(), pixels.data.data(), out.rgba.data(),
                 pixels.width * pixels.height);
  return true;
}

constexpr int kBt2020 = 9;
constexpr int kDciP3 = 11;
constexpr int kDisplayP3 = 12;
constexpr int kGamma22 = 4;
constexpr int kGamma28 = 5;
constexpr int kLinear = 8;
constexpr int kPq = 16;
constexpr int kHlg = 18;

using Matrix = std::array<std::array<float, 3>, 3>;
using Rgb = std::array<float, 3>;

// Of linear light to that of sRGB; the white point is the same but for DCI-P3, where that is left.
const Matrix* matrix_of(int primaries) noexcept {
  static constexpr Matrix kFromBt2020 = {{{1.660491f, -0.587641f, -0.072850f},
                                          {-0.124550f, 1.132900f, -0.008349f},
                                          {-0.018151f, -0.100579f, 1.118730f}}};
  static constexpr Matrix kFromP3 = {{{1.224940f, -0.224940f, 0.0f},
                                      {-0.042057f, 1.042057f, 0.0f},
                                      {-0.019638f, -0.078636f, 1.098274f}}};
  if (primaries == kBt2020) return &kFromBt2020;
  if (primaries == kDisplayP3 || primaries == kDciP3) return &kFromP3;
  return nullptr;
}

bool is_hdr(int transfer) noexcept { return transfer == kPq || transfer == kHlg; }

// The brightness of white in a picture that is not HDR, in cd/m² (ITU-R BT.2408).
constexpr float kReferenceWhite = 203.0f;

float pq_to_linear(float value) noexcept {
  const float power = std::pow(std::max(value, 0.0f), 1.0f / 78.84375f);
  const float above = std::max(power - 0.8359375f, 0.0f);
  const float below = 18.8515625f - 18.6875f * power;
  return 10000.0f / kReferenceWhite * std::pow(above / below, 1.0f / 0.1593017578125f);
}

float hlg_to_scene(float value) noexcept {
  if (value <= 0.5f) return value * value / 3.0f;
  return (std::exp((value - 0.55991073f) / 0.17883277f) + 0.28466892f) / 12.0f;
}

float srgb_to_linear(float value) noexcept {
  return value <= 0.04045f ? value / 12.92f : std::pow((value + 0.055f) / 1.055f, 2.4f);
}

float linear_to_srgb(float value) noexcept {
  return value <= 0.0031308f ? value * 12.92f : 1.055f * std::pow(value, 1.0f / 2.4f) - 0.055f;
}

float to_linear(float value, int transfer) noexcept {
  switch (transfer) {
    case kGamma22: return std::pow(value, 2.2f);
    case kGamma28: return std::pow(value, 2.8f);
    case kLinear: return value;
    case kPq: return pq_to_linear(value);
    case kHlg: return hlg_to_scene(value);
    default: return srgb_to_linear(value);
  }
}

// Highlights above the knee are compressed into what is left below 1.
void compress_highlights(Rgb& rgb) noexcept {
  constexpr float kKnee = 0.6f;
  const float peak = *std::ranges::max_element(rgb);
  if (peak <= kKnee) return;
  const float mapped = kKnee + (1 - kKnee) * (1 - std::exp(-(peak - kKnee) / (1 - kKnee)));
  for (float& value : rgb) value *= mapped / peak;
}

Rgb convert_one(Rgb rgb, const Cicp& cicp, const Matrix* matrix) noexcept {
  for (float& value : rgb) value = to_linear(value, cicp.transfer);
  if (cicp.transfer == kHlg) {
    // What a display of 1000 cd/m² makes of the scene (ITU-R BT.2100).
    const float luminance = 0.2627f * rgb[0] + 0.6780f * rgb[1] + 0.0593f * rgb[2];
    const float gain = 1000.0f / kReferenceWhite * std::pow(std::max(luminance, 1e-6f), 0.2f);
    for (float& value : rgb) value *= gain;
  }
  if (matrix != nullptr) {
    const Rgb from = rgb;
    for (std::size_t row = 0; row < 3; ++row) {
      rgb[row] =
          (*matrix)[row][0] * from[0] + (*matrix)[row][1] * from[1] + (*matrix)[row][2] * from[2];
    }
  }
  for (float& value : rgb) value = std::max(value, 0.0f);
  if (is_hdr(cicp.transfer)) compress_highlights(rgb);
  return rgb;
}

void convert_by_numbers(const Pixels& pixels, const Cicp& cicp, Raster& out) {
  const unsigned samples = pixels.samples();
  const Matrix* const matrix = matrix_of(cicp.primaries);
  for (std::size_t i = 0; i < out.rgba.size() / 4; ++i) {
    Rgb rgb;
    for (std::size_t sample = 0; sample < 3; ++sample) {
      rgb[sample] = sample_float(pixels, i * samples + sample);
    }
    rgb = convert_one(rgb, cicp, matrix);
    for (std::size_t sample = 0; sample < 3; ++sample) {
      const float value = std::clamp(linear_to_srgb(rgb[sample]), 0.0f, 1.0f);
      out.rgba[i * 4 + sample] = static_cast<std::uint8_t>(std::lround(value * 255.0f));
    }
  }
}

// For CMYK, where nothing says what its inks are.
void convert_inks(const Pixels& pixels, Raster& out) {
  const unsigned samples = pixels.samples();
  for (std::size_t i = 0; i < out.rgba.size() / 4; ++i) {
    const unsigned black = sample8(pixels, i * samples + 3);
    for (std::size_t sample = 0; sample < 3; ++sample) {
      const unsigned ink = sample8(pixels, i * samples + sample);
      out.rgba[i * 4 + sample] = static_cast<std::uint8_t>((255 - ink) * (255 - black) / 255);
    }
  }
}

std::string profile_name(const Bytes& bytes) {
  const Profile profile = open_profile(bytes);
  if (!profile) return {};
  std::array<char, 256> text = {};
  if (cmsGetProfileInfoASCII(profile.get(), cmsInfoDescription, "en", "US", text.data(),
                             text.size() - 1) == 0) {
    return {};
  }
  std::string name = clean_fact(text.data());
  // There are as many names as there are makers. The last three are libvips' and libjxl's.
  if (name.starts_with("sRGB") || name.starts_with("IEC 61966-2") || name == "c2" ||
      name.starts_with("RGB_D65_SRG_")) {
    name = "sRGB";
  }
  if (name.starts_with("Adobe RGB")) name = "Adobe RGB";
  if (name == "sP3C" || name.starts_with("RGB_D65_DCI_")) name = "Display P3";
  if (name.starts_with("Gra_D65_")) name = "grey";
  return name;
}

std::string numbers_name(const Cicp& cicp) {
  std::string name = cicp.primaries == kBt2020      ? "BT.2020"
                     : cicp.primaries == kDisplayP3 ? "Display P3"
                     : cicp.primaries == kDciP3     ? "DCI-P3"
                     : cicp.primaries == 1          ? cicp.transfer == 13 ? "sRGB" : "BT.709"
                     : cicp.primaries == 5 || cicp.primaries == 6 ? "BT.601"
                                                                  : "";
  if (!name.empty() && cicp.transfer == kPq) name += " PQ";
  if (!name.empty() && cicp.transfer == kHlg) name += " HLG";
  return name;
}

}  // namespace

void load_profiles() {
  VipsBlob* blob = nullptr;
  if (vips_profile_load("cmyk", &blob, nullptr) != 0 || blob == nullptr) return;
  std::size_t size = 0;
  const auto* const data = static_cast<const std::byte*>(vips_blob_get(blob, &size));
  fallback_cmyk().assign(data, data + size);
  vips_area_unref(VIPS_AREA(blob));
}

bool needs_conversion(const Cicp& cicp) noexcept {
  return matrix_of(cicp.primaries) != nullptr || is_hdr(cicp.transfer) ||
         cicp.transfer == kLinear || cicp.transfer == kGamma22 || cicp.transfer == kGamma28;
}

Raster to_srgb(const Pixels& pixels) {
  Raster out;
  out.width = pixels.width;
  out.height = pixels.height;
  out.rgba.resize(std::size_t{pixels.width} * pixels.height * 4);
  const auto convert = [&] {
    if (convert_by_profile(pixels, pixels.profile, out)) return;
    if (pixels.model == Pixels::Model::kGrey && !pixels.profile.empty() &&
        convert_by_profile(grey_as_rgb(pixels), pixels.profile, out)) {
      return;
    }
    if (pixels.model == Pixels::Model::kCmyk) {
      if (!convert_by_profile(pixels, fallback_cmyk(), out)) convert_inks(pixels, out);
      return;
    }
    if (pixels.model == Pixels::Model::kRgb && pixels.cicp && needs_conversion(*pixels.cicp)) {
      convert_by_numbers(pixels, *pixels.cicp, out);
      return;
    }
    copy_plain(pixels, out);
  };
  convert();
  copy_alpha(pixels, out);
  return out;
}

std::string colour_space_name(const Bytes& profile, const std::optional<Cicp>& cicp,
                              Pixels::Model model) {
  if (const std::string name = profile_name(profile); !name.empty()) return name;
  if (cicp) {
    if (const std::string name = numbers_name(*cicp); !name.empty()) return name;
  }
  switch (model) {
    case Pixels::Model::kGrey: return "grey";
    case Pixels::Model::kRgb: return "sRGB";
    case Pixels::Model::kCmyk: return "CMYK";
  }
  return {};
}

}  // namespace coffer::media
