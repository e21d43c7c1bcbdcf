// A report for a terminal.
#include <algorithm>
#include <cmath>

#include "builder/inspect/report.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

constexpr std::size_t kPackages = 20;
constexpr int kBar = 12;

/// Eighths of a cell, so that small shares can be told apart.
std::string bar(std::uint64_t part, std::uint64_t largest) {
    static constexpr std::array kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto eighths = largest == 0 ? 0
                                      : static_cast<std::size_t>(std::llround(static_cast<double>(part) * kBar * 8 /
                                                                              static_cast<double>(largest)));
    std::string out;
    for (std::size_t i = 0; i < eighths / 8; ++i) { out += "█"; }
    out += kEighths[eighths % 8];
    const auto cells = eighths / 8 + (eighths % 8 == 0 ? 0 : 1);
    out.append(kBar - std::min<std::size_t>(cells, kBar), ' ');
    return out;
}

std::string shortened(std::string text, std::size_t width) {
    if (text.size() <= width) { return text; }
    text.resize(width - 1);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) { text.pop_back(); }
    if (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U) != 0) { text.pop_back(); }
    return text + "…";
}

std::string size_columns(const Size& size, std::uint64_t largest) {
    return text::format("{:>9}  {:>9}  {}", text::human_bytes(size.compressed), text::human_bytes(size.installed),
                        bar(size.compressed, largest));
}

std::string render_head(const Report& report) {
    std::vector<std::string> title = {report.image};
    for (const auto& part : {report.role, report.system, report.architecture}) {
        if (!part.empty()) { title.push_back(part); }
    }
    auto out = text::join(title, " · ") + "\n\n";
    const auto line = [&](std::string_view name, const std::string& value) {
        out += text::format("  {:<9} {}\n", name, value);
    };
    line("root",
         text::format("{} in {} ({})", text::human_bytes(report.image_size), report.root_file, report.packed_as));
    line("holds", text::format("{} in {} files, {} packages", text::human_bytes(report.size.installed),
                               report.size.files, report.package_count));
    if (!report.date.empty()) { line("date", report.date); }
    line("agent", report.agent_version.empty() ? "none" : report.agent_version);
    line("kernel", report.kernel.empty() ? "none: for containers" : report.kernel);
    for (const auto& file : report.files) {
        if (file.name != report.root_file) {
            line("beside", text::format("{} {}", file.name, text::human_bytes(file.size)));
        }
    }
    return out;
}

std::string render_packages(const Report& report, bool all) {
    auto out = text::format("\n  {:<34}{:>9}  {:>9}\n", "Packages", "in image", "installed");
    const auto largest = report.packages.empty() ? 0 : report.packages.front().size.compressed;
    const auto shown = all ? report.packages.size() : std::min(kPackages, report.packages.size());
    Size rest;
    for (std::size_t i = 0; i < report.packages.size(); ++i) {
        const auto& package = report.packages[i];
        if (i >= shown) {
            rest += package.size;
            continue;
        }
        out += text::format("  {:<33} {}", shortened(package.name, 33), size_columns(package.size, largest));
        if (!package.why.empty()) { out += text::format("  ← {}", package.why); }
        while (out.ends_with(' ')) { out.pop_back(); }
        out += "\n";
    }
    if (shown < report.packages.size()) {
        out += text::format("  {:<33} {:>9}  {:>9}\n",
                            text::format("and {} more (--all)", report.packages.size() - shown),
                            text::human_bytes(rest.compressed), text::human_bytes(rest.installed));
    }
    return out;
}

void add_directory(std::string& out, const DirectorySize& directory, int depth, std::uint64_t least,
                   std::uint64_t largest) {
    if (directory.size.compressed < least) { return; }
    const auto name = std::string(2 * static_cast<std::size_t>(depth), ' ') + directory.name + (depth > 0 ? "/" : "");
    auto line = text::format("  {:<33} {}", shortened(name, 33), size_columns(directory.size, largest));
    while (line.ends_with(' ')) { line.pop_back(); }
    out += line + "\n";
    for (const auto& child : directory.children) { add_directory(out, child, depth + 1, least, largest); }
}

std::string render_directories(const Report& report, bool all) {
    constexpr std::uint64_t kPart = 40; // below a fortieth of the whole, a folder is not shown
    constexpr std::uint64_t kPartOfAll = 1000;
    auto out = text::format("\n  {:<34}{:>9}  {:>9}\n", "Directories", "in image", "installed");
    const auto whole = report.size.compressed;
    add_directory(out, report.directories, 0, whole / (all ? kPartOfAll : kPart), whole);
    return out;
}

/// "a, b, c", broken into lines of 96 columns below a name.
std::string wrapped(std::string_view name, const std::vector<std::string>& words) {
    constexpr std::size_t kWidth = 96;
    auto out = text::format("  {:<9}", name);
    std::size_t column = out.size();
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto word = words[i] + (i + 1 < words.size() ? "," : "");
        if (column + word.size() + 1 > kWidth) {
            out += "\n           ";
            column = 11;
        }
        out += " " + word;
        column += word.size() + 1;
    }
    return words.empty() ? out + " none\n" : out + "\n";
}

std::string render_system(const Report& report) {
    std::vector<std::string> enabled;
    for (const auto& unit : report.units.enabled) {
        if (enabled.empty() || enabled.back() != unit.name) { enabled.push_back(unit.name); }
    }
    auto out = "\n  Units\n" + wrapped("enabled", enabled) + wrapped("masked", report.units.masked) + "\n  Listens\n";
    for (const auto& listener : report.listeners) {
        out += text::format("  {:<26} {:<52} {}\n", listener.unit, listener.address, listener.when);
    }
    if (report.listeners.empty()) { out += "  nothing\n"; }
    out += "\n  Users\n";
    std::vector<std::string> others;
    for (const auto& user : report.users) {
        if (!user.can_log_in()) {
            others.push_back(user.name);
            continue;
        }
        out += text::format("  {:<18} {:>5}  {:<26} {:<18} {}\n", user.name, user.uid, user.home, user.shell,
                            user.locked ? "no password" : "HAS A PASSWORD");
    }
    out += wrapped("no shell", others) + "\n  Privileged files\n";
    for (const auto& file : report.privileged) {
        out += text::format("  {:<44} {:04o} {:>3}:{:<3} {:<24} {}\n", file.path, file.mode, file.uid, file.gid,
                            file.owner, file.capabilities);
        while (out.ends_with(" \n")) { out.erase(out.size() - 2, 1); }
    }
    if (report.privileged.empty()) { out += "  none\n"; }
    return out;
}

} // namespace

std::string render_text(const Report& report, bool all) {
    return render_head(report) + render_packages(report, all) + render_directories(report, all) +
           render_system(report);
}

} // namespace ingot::builder::inspect
