#include "builder/artefacts/install_img.hpp"

#include <set>

#include "common/compress/compress.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::artefacts {

namespace {

constexpr int kLevel = 19; // a few megabytes, once per build
constexpr unsigned kFolder = 0040755;
constexpr unsigned kRegular = 0100000;

void pad(std::string& archive) { archive.resize((archive.size() + 3) / 4 * 4, '\0'); }

class Archive {
  public:
    explicit Archive(std::int64_t date) : date_(date) {}
    void add(const std::string& path, unsigned mode, std::string_view content) {
        ++inode_;
        constexpr unsigned kOneLink = 1;
        constexpr unsigned kNone = 0;
        bytes_ += "070701";
        for (const auto field : {inode_, mode, kNone, kNone, kOneLink, static_cast<unsigned>(date_),
                                 static_cast<unsigned>(content.size()), kNone, kNone, kNone, kNone,
                                 static_cast<unsigned>(path.size() + 1), kNone}) {
            bytes_ += text::format("{:08X}", field);
        }
        bytes_ += path;
        bytes_ += '\0';
        pad(bytes_);
        bytes_ += content;
        pad(bytes_);
    }
    std::string finish() {
        inode_ = 0;
        date_ = 0;
        add("TRAILER!!!", 0, "");
        return std::move(bytes_);
    }

  private:
    std::int64_t date_;
    unsigned inode_ = 0;
    std::string bytes_;
};

} // namespace

std::string render_cpio(const std::vector<InitrdFile>& files, std::int64_t date) {
    Archive archive(date);
    std::set<std::string> folders;
    for (const auto& file : files) {
        for (auto slash = file.path.find('/'); slash != std::string::npos; slash = file.path.find('/', slash + 1)) {
            const auto folder = file.path.substr(0, slash);
            if (folders.insert(folder).second) { archive.add(folder, kFolder, ""); }
        }
        archive.add(file.path, kRegular | file.mode, file.content);
    }
    return archive.finish();
}

Status write_install_img(const std::filesystem::path& installer, std::string_view public_key, std::int64_t date,
                         const std::filesystem::path& file) {
    INGOT_ASSIGN(auto program, files::read(installer), "reading the installer");
    std::vector<InitrdFile> content = {
        {.path = "usr/bin/ingot-install", .content = std::move(program), .mode = 0755}};
    if (!public_key.empty()) {
        content.push_back({.path = "etc/ingot/image.pub", .content = std::string(public_key)});
    }
    INGOT_ASSIGN(const auto frame, compress::zstd_frame(render_cpio(content, date), kLevel), "");
    return files::write(file, frame);
}

} // namespace ingot::builder::artefacts
