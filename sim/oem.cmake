gu_pure_library(strategy_core SOURCES oem_backend/rollout.c oem_backend/strategy.c LINK proto)
gu_library(oembackend
  SOURCES oem_backend/answer.c oem_backend/backend.c oem_backend/blobs.c oem_backend/commands.c oem_backend/commands_intake.c
    oem_backend/commands_manifest.c oem_backend/commands_rollout.c
    oem_backend/commands_rollout_show.c oem_backend/commands_show.c
    oem_backend/commands_strategy.c oem_backend/config.c oem_backend/control.c
    oem_backend/director.c oem_backend/initiative.c oem_backend/intake_windows.c oem_backend/json_read.c oem_backend/ledger.c oem_backend/log.c oem_backend/mode_table.c
    oem_backend/rollout_run.c oem_backend/rollout_store.c oem_backend/session.c
    oem_backend/session_blobs.c oem_backend/session_handle.c oem_backend/session_push.c oem_backend/store.c oem_backend/strategy_load.c
    oem_backend/words.c
  LINK common mapping proto strategy_core tlsconn PkgConfig::UV PkgConfig::CRYPTO PkgConfig::SQLITE)
gu_library(oemctl_parts
  SOURCES oem_backend/ctl/ctl_campaign.c oem_backend/ctl/ctl_rollout.c oem_backend/ctl/ctl_show.c
    oem_backend/ctl/ctl_strategy.c oem_backend/ctl/ctl_watch.c oem_backend/ctl/spec.c oem_backend/ctl/spec_windows.c
    oem_backend/ctl/table.c
    oem_backend/ctl/talk.c oem_backend/ctl/when.c
  LINK oembackend)
gu_program(oem-backend COMPONENT gateway-sim MAN 8 SOURCES oem_backend/main.c LINK oembackend)
gu_program(oemctl COMPONENT gateway-sim SOURCES oem_backend/ctl/main.c LINK oemctl_parts)
