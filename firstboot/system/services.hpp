// systemd's units by systemctl.
#pragma once

#include "common/process/process.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

class SystemctlServices final : public Services {
  public:
    explicit SystemctlServices(process::Processes& processes) : processes_(processes) {}
    Status start(std::string_view unit) override;
    Status restart(std::string_view unit) override;
    Status reload(std::string_view unit) override;
    Status stop(std::string_view unit) override;
    Result<std::string> state(std::string_view unit) override;
    Status reload_manager() override;

  private:
    Status run(std::vector<std::string> arguments);
    process::Processes& processes_;
};

} // namespace ingot::firstboot
