#include "firstboot/metrics/metrics.hpp"

#include <cmath>

#include "common/text/text.hpp"

namespace ingot::firstboot::metrics {

namespace {

std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (const char letter : text) {
        if (letter == '\\') {
            out += "\\\\";
        } else if (letter == '\n') {
            out += "\\n";
        } else if (letter == '"' && quotes) {
            out += "\\\"";
        } else {
            out += letter;
        }
    }
    return out;
}

std::string labels_of(const Sample& sample) {
    if (sample.labels.empty()) { return {}; }
    std::vector<std::string> pairs;
    for (const auto& [name, value] : sample.labels) {
        pairs.push_back(text::format("{}=\"{}\"", name, escaped(value, true)));
    }
    return "{" + text::join(pairs, ",") + "}";
}

std::string number(double value) {
    constexpr double kExact = 9.0e15; // below, a double holds every whole number
    if (std::isnan(value)) { return "NaN"; }
    if (std::isinf(value)) { return value > 0 ? "+Inf" : "-Inf"; }
    if (value == std::floor(value) && std::fabs(value) < kExact) {
        return text::format("{}", static_cast<long long>(value));
    }
    return text::format("{:.6g}", value);
}

} // namespace

std::string to_text(const Families& families) {
    std::string out;
    for (const auto& family : families) {
        if (family.samples.empty()) { continue; }
        out += text::format("# HELP {} {}\n# TYPE {} {}\n", family.name, escaped(family.help, false), family.name,
                            family.counter ? "counter" : "gauge");
        for (const auto& sample : family.samples) {
            out += text::format("{}{} {}\n", family.name, labels_of(sample), number(sample.value));
        }
    }
    return out;
}

} // namespace ingot::firstboot::metrics
