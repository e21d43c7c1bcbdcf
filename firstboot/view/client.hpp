// The view of etcd, asked of the agents of the etcd nodes: what a proxy uses where others use EtcdClient.
#pragma once

#include <string>
#include <vector>

#include "common/files/files.hpp"
#include "common/http/http.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/view/message.hpp"

namespace ingot::firstboot::view {

/// For one thread at a time.
class ViewClient final : public EtcdView {
  public:
    /// `addresses` of etcd nodes; `name` of this node, so that not all begin with the same one.
    ViewClient(std::vector<std::string> addresses, http::Tls tls, std::string_view name, std::uint16_t port = kPort);

    Result<Listing> list(std::string_view prefix) override;
    /// kLongestWait at most, whatever `timeout` says.
    Result<bool> wait_for_change(std::string_view prefix, std::int64_t revision,
                                 std::chrono::milliseconds timeout) override;
    Result<std::vector<EtcdMember>> members() override;
    Status announce(std::string_view key, std::string_view value) override;
    Status withdraw(std::string_view key) override;

  private:
    /// Each node once, until one answers; that one comes first from then on.
    Result<std::string> ask(const Question& question, std::chrono::milliseconds patience);
    Result<std::string> ask_one(const Question& question, std::chrono::milliseconds patience);

    std::vector<std::string> addresses_;
    http::Tls tls_;
    std::uint16_t port_;
    std::size_t current_ = 0;
};

/// The view of a node with its certificate, by the members of etcd as they are known.
ViewClient open(const NodeSpec& node, const files::Root& root);

} // namespace ingot::firstboot::view
