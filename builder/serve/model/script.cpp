#include "builder/serve/model/script.hpp"

#include "common/text/text.hpp"

namespace ingot::builder::serve {

namespace {

/// iPXE's echo expands settings and ends at a comment.
std::string shown(std::string_view text) {
    std::string plain;
    for (const char letter : text) {
        const bool good = letter >= ' ' && letter <= '~' && letter != '$' && letter != '#' && letter != '{' &&
                          letter != '}' && letter != '&' && letter != '|' && letter != '"' && letter != '\'' &&
                          letter != '\\';
        plain += good ? letter : ' ';
    }
    return plain;
}

void set(std::string& script, std::string_view name, const std::string& value) {
    if (!value.empty()) { script += text::format("set {} {}\n", name, value); }
}

} // namespace

std::string render_first_script(std::string_view server) {
    return text::format(R"(#!ipxe
chain --replace {}/ipxe?mac=${{netX/mac:hexhyp}}&uuid=${{uuid}}&serial=${{serial:uristring}} || shell
)",
                        server);
}

std::string render_order(Order order, const Purpose& purpose, const Assigned& machine, std::string_view server) {
    auto script = text::format("#!ipxe\necho Ingot: this is {} ({})\n", machine.name, purpose.role);
    if (order == Order::disk) {
        // A UEFI goes on with the next of its boot options; a BIOS is told the disk.
        return script + "echo Ingot: installed, booting from the disk\niseq ${platform} efi && exit ||\n"
                        "sanboot --no-describe --drive 0x80 || sanboot --no-describe --drive 0x81\n";
    }
    set(script, "base", text::format("{}/images/{}/", server, purpose.role));
    set(script, "seed", text::format("{}/seed/{}/", server, machine.token));
    set(script, "mode", order == Order::install ? "install" : "ram");
    if (order == Order::install) {
        set(script, "disk", purpose.disk);
        set(script, "wipe", purpose.wipe);
        set(script, "report", text::format("{}/report/{}", server, machine.token));
        if (!purpose.again.empty()) { set(script, "more", "ingot.again=" + purpose.again); }
    }
    return script + "chain --replace ${base}boot.ipxe || shell\n";
}

std::string render_refusal(std::string_view reason) {
    return text::format("#!ipxe\necho Ingot: nothing to boot here: {}\nsleep 10\nexit 1\n", shown(reason));
}

std::string render_meta_data(const Assigned& machine) {
    constexpr std::size_t kEnough = 8;
    // Another token is another installation, and another instance.
    return text::format("instance-id: {0}-{1}\nlocal-hostname: {0}\n", machine.name,
                        machine.token.substr(0, kEnough));
}

} // namespace ingot::builder::serve
