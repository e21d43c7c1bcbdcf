// A machine asks up to three times: its firmware (which gets iPXE), iPXE (which gets our script). Firmware says what
// it is in option 93: 0 is a BIOS, 7 and 9 are UEFI, 16 is UEFI that wants HTTP instead of TFTP. iPXE says so in
// option 175.
#include "builder/serve/model/dnsmasq.hpp"

#include "common/text/text.hpp"

namespace ingot::builder::serve {

std::string render_dnsmasq(const DhcpOptions& options) {
    auto text = text::format(R"(# Written by ingot serve.
port=0
interface={}
bind-dynamic
except-interface=lo
log-dhcp
enable-tftp
tftp-root={}
dhcp-leasefile={}
pid-file={}
dhcp-match=set:ipxe,175
dhcp-match=set:bios,option:client-arch,0
dhcp-match=set:uefi,option:client-arch,7
dhcp-match=set:uefi,option:client-arch,9
dhcp-match=set:uefihttp,option:client-arch,16
dhcp-boot=tag:ipxe,{}/boot.ipxe
)",
                             options.interface, options.tftp.string(), (options.scratch / "leases").string(),
                             (options.scratch / "pid").string(), options.server);
    if (options.first.empty()) {
        // Beside another server: PXE's own menu protocol, which that server knows nothing of.
        return text + text::format(R"(dhcp-range={},proxy
pxe-service=tag:!ipxe,x86PC,"Ingot",undionly.kpxe
pxe-service=tag:!ipxe,X86-64_EFI,"Ingot",snponly.efi
pxe-service=tag:!ipxe,BC_EFI,"Ingot",snponly.efi
pxe-service=tag:ipxe,x86PC,"Ingot",{}/boot.ipxe
pxe-service=tag:ipxe,X86-64_EFI,"Ingot",{}/boot.ipxe
pxe-service=tag:ipxe,BC_EFI,"Ingot",{}/boot.ipxe
)",
                                   options.network, options.server, options.server, options.server);
    }
    return text + text::format(R"(dhcp-range={},{},12h
dhcp-authoritative
dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe,,{}
dhcp-boot=tag:!ipxe,tag:uefi,snponly.efi,,{}
dhcp-option-force=tag:uefihttp,60,HTTPClient
dhcp-boot=tag:!ipxe,tag:uefihttp,{}/loader/snponly.efi
)",
                               options.first, options.last, options.own_address, options.own_address, options.server);
}

} // namespace ingot::builder::serve
