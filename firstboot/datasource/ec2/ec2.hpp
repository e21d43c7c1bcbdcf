// EC2: http://169.254.169.254/ and http://[fd00:ec2::254]/, IMDSv2: a token first, then everything with it. There is
// no way back to version 1: a service that gives no token is not asked anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "firstboot/datasource/source/machine.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::ec2 {

/// True if the firmware says so: the vendor, or a uuid that begins with ec2 in either byte order.
bool detect(const Machine& machine);

/// One bounded try, some seconds, 17 at most. transient while nobody answers; refused if the answer is for another
/// machine (on Nitro the board's asset tag is the instance-id).
Result<Metadata> read(const Environment& environment, const Machine& machine);

/// One network card as the service describes it.
struct Interface {
    std::string mac;
    int device_number = 0;
    int network_card = 0;
    std::vector<std::string> ipv4{};      ///< the first comes by DHCP, the others are set
    std::vector<std::string> ipv6{};      ///< all but the first are set
    std::string ipv4_block;               ///< "10.0.0.0/20": gives the prefix length
    std::vector<std::string> ipv6_blocks; ///< likewise
};
/// network-config version 2 for them: DHCP by MAC, the primary card preferred, further addresses set.
std::string network_text(std::vector<Interface> interfaces);

} // namespace ingot::firstboot::ec2
