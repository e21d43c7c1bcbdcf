// A report as one page: the maps are drawn here, so that the page needs no script to be read; its script only adds
// search, sorting and larger tips.
#include <algorithm>
#include <array>
#include <functional>

#include "builder/inspect/page.hpp"
#include "builder/inspect/report.hpp"
#include "builder/inspect/treemap.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

constexpr double kWidth = 1200;
constexpr double kHeight = 640;
constexpr double kHeader = 17;  ///< of a tile with tiles in it
constexpr double kLetter = 6.2; ///< mean width of a letter
constexpr double kBoldLetter = 7.2;
constexpr double kSmallest = 2.5; ///< a tile with a shorter side is not drawn

std::string escape(std::string_view given) {
    std::string out;
    for (const char letter : given) {
        switch (letter) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += letter;
        }
    }
    return out;
}

/// What both maps are drawn from.
struct Tile {
    std::string name;
    std::string tip;
    std::string key; ///< what the search looks at
    double weight = 0;
    unsigned color = 0;
    std::vector<Tile> inner{};
};

std::string both_sizes(std::uint64_t compressed, std::uint64_t installed) {
    return text::format("{} in the image, {} installed", text::human_bytes(compressed), text::human_bytes(installed));
}

std::string label(const Tile& tile, const Rect& at, bool inner) {
    const auto letters = static_cast<std::size_t>(std::max(0.0, (at.width - 8) / (inner ? kLetter : kBoldLetter)));
    constexpr std::size_t kFewest = 3;
    if (letters < kFewest || at.height < kHeader - 2) { return {}; }
    auto name = tile.name;
    if (name.size() > letters) { name = name.substr(0, letters - 1) + "…"; }
    const auto size = text::human_bytes(static_cast<unsigned long long>(tile.weight));
    auto shown = escape(name);
    if (name.size() + size.size() + 2 <= letters) { shown += " <tspan>" + size + "</tspan>"; }
    return text::format("<text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>", at.x + 4, at.y + 12.5,
                        inner ? " class=\"in\"" : "", shown);
}

void draw(std::string& out, const std::vector<Tile>& tiles, const Rect& area, int depth) {
    std::vector<double> weights;
    weights.reserve(tiles.size());
    for (const auto& tile : tiles) { weights.push_back(tile.weight); }
    const auto places = treemap(weights, area);
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const auto& tile = tiles[i];
        const auto& at = places[i];
        if (std::min(at.width, at.height) < kSmallest) { continue; }
        out +=
            text::format("<g{}><title>{}</title><rect class=\"c{} d{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                         "height=\"{:.1f}\"/>",
                         depth == 0 ? text::format(" data-k=\"{}\"", escape(tile.key)) : std::string(),
                         escape(tile.tip), tile.color, std::min(depth, 3), at.x, at.y, at.width, at.height);
        out += label(tile, at, depth > 0);
        const bool roomy = at.width > 70 && at.height > 46;
        if (!tile.inner.empty() && roomy) {
            draw(out, tile.inner, {at.x + 2, at.y + kHeader, at.width - 4, at.height - kHeader - 2}, depth + 1);
        }
        out += "</g>\n";
    }
}

std::string render_map(const std::vector<Tile>& tiles, std::string_view name) {
    auto out = text::format("<svg class=\"map\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth,
                            kHeight, escape(name));
    draw(out, tiles, {0, 0, kWidth, kHeight}, 0);
    return out + "</svg>\n";
}

/// Kinds of packages, each with its colour.
struct Family {
    const char* name;
    std::array<const char*, 6> sections;
};
constexpr std::array kFamilies = {
    Family{"libraries", {"libs", "oldlibs", "libdevel"}},
    Family{"database", {"database"}},
    Family{"Python", {"python"}},
    Family{"Perl", {"perl"}},
    Family{"kernel", {"kernel"}},
    Family{"system", {"admin", "metapackages", "misc"}},
    Family{"network", {"net", "web", "httpd"}},
    Family{"tools", {"utils", "shells", "text", "editors", "interpreters"}},
};
constexpr unsigned kOther = kFamilies.size();

unsigned color_of(const PackageSize& package) {
    // Their libraries belong to them, whatever section they are in.
    for (const auto& [word, family] : {std::pair("perl", 3U), std::pair("ython", 2U), std::pair("postgres", 1U)}) {
        if (package.name.find(word) != std::string::npos) { return family; }
    }
    for (unsigned i = 0; i < kFamilies.size(); ++i) {
        for (const auto* section : kFamilies[i].sections) {
            if (section != nullptr && package.section == section) { return i; }
        }
    }
    return kOther;
}

/// The largest files as tiles, and one for all others.
void add_files(std::vector<Tile>& tiles, const std::vector<SizedFile>& files, double all, const std::string& where,
               unsigned color) {
    for (const auto& file : files) {
        const auto weight = static_cast<double>(file.compressed);
        tiles.push_back({.name = file.path.substr(file.path.rfind('/') + 1),
                         .tip = text::format("{}\n{}", file.path, both_sizes(file.compressed, file.installed)),
                         .key = {},
                         .weight = weight,
                         .color = color});
        all -= weight;
    }
    if (all > 0 && !tiles.empty()) {
        tiles.push_back(
            {.name = "other files", .tip = where + ": other files", .key = {}, .weight = all, .color = color});
    }
}

std::vector<Tile> package_tiles(const Report& report) {
    std::vector<Tile> tiles;
    for (const auto& package : report.packages) {
        auto tip = text::format("{} {}\n{}", package.name, package.version,
                                both_sizes(package.size.compressed, package.size.installed));
        if (!package.why.empty()) { tip += "\nneeded by " + package.why; }
        Tile tile{.name = package.name,
                  .tip = std::move(tip),
                  .key = package.name,
                  .weight = static_cast<double>(package.size.compressed),
                  .color = color_of(package)};
        add_files(tile.inner, package.largest, tile.weight, package.name, tile.color);
        tiles.push_back(std::move(tile));
    }
    return tiles;
}

std::vector<Tile> directory_tiles(const DirectorySize& directory, const std::string& path, int depth,
                                  unsigned color) {
    constexpr int kDeepest = 5;
    constexpr int kColored = 2; // "/", "/usr" and "/usr/lib" give their folders colours of their own
    constexpr double kHardlyThere = 20e3;
    std::vector<Tile> tiles;
    auto rest = static_cast<double>(directory.size.compressed);
    for (const auto& child : directory.children) {
        const auto weight = static_cast<double>(child.size.compressed);
        if (weight < kHardlyThere) { break; } // the largest come first
        const auto child_path = path + "/" + child.name;
        const bool by_itself = depth <= kColored && (path.empty() || path == "/usr" || path == "/usr/lib");
        const auto child_color =
            by_itself ? (static_cast<unsigned>(tiles.size()) + static_cast<unsigned>(depth)) % (kOther + 1) : color;
        Tile tile{.name = child.name + "/",
                  .tip = text::format("{}\n{}, {} files", child_path,
                                      both_sizes(child.size.compressed, child.size.installed), child.size.files),
                  .key = child_path,
                  .weight = weight,
                  .color = child_color};
        if (depth < kDeepest) { tile.inner = directory_tiles(child, child_path, depth + 1, child_color); }
        rest -= weight;
        tiles.push_back(std::move(tile));
    }
    add_files(tiles, directory.largest, rest, path.empty() ? "/" : path, color);
    std::ranges::sort(tiles, [](const Tile& a, const Tile& b) {
        return a.weight > b.weight || (a.weight >= b.weight && a.name < b.name);
    });
    return tiles;
}

std::string cell(std::string_view content, std::string_view kind = {}) {
    return text::format("<td{}>{}</td>", kind.empty() ? "" : text::format(" class=\"{}\"", kind), escape(content));
}

std::string size_cell(std::uint64_t bytes) {
    return text::format("<td class=\"n\" data-v=\"{}\">{}</td>", bytes, text::human_bytes(bytes));
}

std::string head(std::initializer_list<std::string_view> names) {
    std::string out = "<thead><tr>";
    for (const auto name : names) { out += text::format("<th>{}</th>", name); }
    return out + "</tr></thead>\n<tbody>\n";
}

std::string package_table(const Report& report) {
    auto out = "<table class=\"sortable\" id=\"packages\">" +
               head({"package", "version", "in the image", "installed", "files", "share", "needed by"});
    const auto largest =
        report.packages.empty() ? 1 : std::max<std::uint64_t>(1, report.packages.front().size.compressed);
    for (const auto& package : report.packages) {
        out += text::format("<tr data-k=\"{}\">", escape(package.name)) + cell(package.name, "name") +
               cell(package.version, "dim") + size_cell(package.size.compressed) + size_cell(package.size.installed) +
               text::format("<td class=\"n\" data-v=\"{0}\">{0}</td>", package.size.files) +
               text::format("<td class=\"bar\" data-v=\"{}\"><i class=\"c{}\" style=\"width:{:.1f}%\"></i></td>",
                            package.size.compressed, color_of(package),
                            100.0 * static_cast<double>(package.size.compressed) / static_cast<double>(largest)) +
               cell(package.why, "dim") + "</tr>\n";
    }
    return out + "</tbody></table>\n";
}

void add_folder(std::string& out, const DirectorySize& directory, const std::string& path, std::uint64_t whole,
                int depth) {
    constexpr std::uint64_t kPart = 2000;
    if (directory.size.compressed < whole / kPart) { return; }
    const auto row =
        text::format("<span class=\"name\">{}</span><span class=\"n\">{}</span><span class=\"n dim\">{}</span>"
                     "<span class=\"bar\"><i class=\"c0\" style=\"width:{:.1f}%\"></i></span>",
                     escape(depth == 0 ? "/" : directory.name + "/"), text::human_bytes(directory.size.compressed),
                     text::human_bytes(directory.size.installed),
                     100.0 * static_cast<double>(directory.size.compressed) /
                         static_cast<double>(std::max<std::uint64_t>(1, whole)));
    const bool leaf = std::ranges::none_of(directory.children,
                                           [&](const auto& child) { return child.size.compressed >= whole / kPart; });
    if (leaf) {
        out += text::format("<div class=\"folder leaf\" data-k=\"{}\">{}</div>\n", escape(path), row);
        return;
    }
    out += text::format("<details{}><summary class=\"folder\" data-k=\"{}\">{}</summary>\n", depth < 2 ? " open" : "",
                        escape(path), row);
    for (const auto& child : directory.children) {
        add_folder(out, child, path + "/" + child.name, whole, depth + 1);
    }
    out += "</details>\n";
}

std::string system_tables(const Report& report) {
    auto out = "<section><h2>Listens</h2><table>" + head({"unit", "address", "when"});
    for (const auto& listener : report.listeners) {
        out += "<tr>" + cell(listener.unit, "name") + cell(listener.address) + cell(listener.when, "dim") + "</tr>\n";
    }
    out += "</tbody></table></section>\n<section><h2>Users</h2><table>" +
           head({"user", "uid", "home", "shell", "password"});
    for (const auto& user : report.users) {
        out += text::format("<tr{}>", user.can_log_in() ? "" : " class=\"quiet\"") + cell(user.name, "name") +
               cell(text::format("{}", user.uid), "n") + cell(user.home) + cell(user.shell) +
               cell(user.locked ? "locked" : "SET", user.locked ? "dim" : "alarm") + "</tr>\n";
    }
    out += "</tbody></table></section>\n<section><h2>Privileged files</h2><table>" +
           head({"file", "mode", "owner", "package", "capabilities"});
    for (const auto& file : report.privileged) {
        out += "<tr>" + cell(file.path, "name") + cell(text::format("{:04o}", file.mode)) +
               cell(text::format("{}:{}", file.uid, file.gid)) + cell(file.owner, "dim") + cell(file.capabilities) +
               "</tr>\n";
    }
    out += "</tbody></table></section>\n<section><h2>Units enabled</h2><table>" + head({"unit", "wanted by"});
    for (const auto& unit : report.units.enabled) {
        out += "<tr>" + cell(unit.name, "name") + cell(unit.wanted_by, "dim") + "</tr>\n";
    }
    out += "</tbody></table></section>\n<section><h2>Units masked</h2><ul>";
    for (const auto& unit : report.units.masked) { out += "<li>" + escape(unit) + "</li>"; }
    return out + "</ul></section>\n";
}

std::string figures(const Report& report) {
    std::string out = "<div class=\"figures\">";
    const auto figure = [&](const std::string& value, std::string_view what, const std::string& detail) {
        out += text::format("<div><b>{}</b><span>{}</span><small>{}</small></div>\n", escape(value), what,
                            escape(detail));
    };
    figure(text::human_bytes(report.image_size), "root in the image", report.packed_as);
    figure(text::human_bytes(report.size.installed), "unpacked", text::format("{} files", report.size.files));
    figure(text::format("{}", report.package_count), "packages",
           report.agent_version.empty() ? "no agent" : "agent " + report.agent_version);
    figure(report.kernel.empty() ? "none" : report.kernel, "kernel", report.kernel.empty() ? "for containers" : "");
    for (const auto& file : report.files) {
        if (file.name != report.root_file) { figure(text::human_bytes(file.size), escape(file.name), "beside it"); }
    }
    return out + "</div>\n";
}

std::string legend() {
    std::string out = "<p class=\"legend\">";
    for (unsigned i = 0; i < kFamilies.size(); ++i) {
        out += text::format("<span><i class=\"c{}\"></i>{}</span>", i, kFamilies[i].name);
    }
    return out + text::format("<span><i class=\"c{}\"></i>other</span></p>\n", kOther);
}

} // namespace

std::string render_html(const Report& report) {
    const auto title = report.role.empty() ? report.image : report.role;
    std::vector<std::string> line;
    for (const auto& part : {report.system, report.architecture, report.date}) {
        if (!part.empty()) { line.push_back(part); }
    }
    std::string folders;
    add_folder(folders, report.directories, "", report.size.compressed, 0);
    return text::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>{0} image</title>\n<style>{1}</style></head>\n<body>\n"
        "<header><h1>{0}</h1><p>{2}</p></header>\n{3}"
        "<div class=\"tabs\"><input type=\"radio\" name=\"map\" id=\"tab-p\" checked><label "
        "for=\"tab-p\">Packages</label>"
        "<input type=\"radio\" name=\"map\" id=\"tab-d\"><label for=\"tab-d\">Directories</label>"
        "<input type=\"search\" id=\"search\" placeholder=\"Search packages and directories\" aria-label=\"Search\" "
        "hidden>"
        "<p id=\"found\" class=\"dim\" hidden></p>\n"
        "<div class=\"pane\" id=\"pane-p\">{4}{5}{6}</div>\n<div class=\"pane\" id=\"pane-d\">{7}<div "
        "class=\"tree\">{8}</div></div></div>\n"
        "<div class=\"columns\">{9}</div>\n<footer>{10}</footer>\n<script>{11}</script>\n</body></html>\n",
        escape(title), kStyle, escape(text::join(line, " · ")), figures(report),
        render_map(package_tiles(report), "Packages by what they take in the image"), legend(), package_table(report),
        render_map(directory_tiles(report.directories, "", 0, 0), "Directories by what they take in the image"),
        folders, system_tables(report),
        escape(report.git_revision.empty() ? "Made by ingot inspect"
                                           : "Made by ingot inspect; specs at " + report.git_revision),
        kScript);
}

} // namespace ingot::builder::inspect
