#include "tests/cluster/lab_network.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sched.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/cluster/leftovers.hpp"

namespace ingot::tests {

Status enter_network_of(const std::string& name) {
    const int pid = supervisor_pid(name);
    if (pid == 0) { return fail(ErrorKind::not_found, "the lab " + name + " does not run"); }
    const files::Fd space(::open(text::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (!space.valid()) { return fail_errno(errno, "opening the lab's network"); }
    if (::setns(space.get(), CLONE_NEWNET) != 0) { return fail_errno(errno, "entering the lab's network"); }
    return {};
}

std::string connection_string(const std::string& lab, const std::string& address, int port) {
    // A machine without power hangs up on nobody: the kernel gives up on it after two seconds.
    return text::format("host=primary.{0}.internal hostaddr={1} port={2} user=app dbname=app sslmode=verify-full "
                        "sslrootcert=/var/lib/ingot/lab/{0}/ca.crt passfile=/var/lib/ingot/lab/{0}/pgpass "
                        "gssencmode=disable keepalives_idle=1 keepalives_interval=1 keepalives_count=3 "
                        "tcp_user_timeout=2000",
                        lab, address, port);
}

} // namespace ingot::tests
