/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names on D-Bus; the interfaces themselves are described in data/dbus/. */
#pragma once

#define OMEN_BUS_NAME             "org.virtomen1"
#define OMEN_BUS_ROOT             "/org/virtomen1"
#define OMEN_BUS_MANAGER_PATH     OMEN_BUS_ROOT "/manager"
#define OMEN_BUS_DOMAINS_PATH     OMEN_BUS_ROOT "/domains"
#define OMEN_BUS_OMENS_PATH       OMEN_BUS_ROOT "/omens"
#define OMEN_BUS_EVACUATIONS_PATH OMEN_BUS_ROOT "/evacuations"
#define OMEN_BUS_HOSTS_PATH       OMEN_BUS_ROOT "/hosts"
#define OMEN_BUS_LOCAL_HOST_PATH  OMEN_BUS_HOSTS_PATH "/_local"

#define OMEN_BUS_HOST_INTERFACE   "org.virtomen1.Host"

#define OMEN_BUS_ERROR_PREFIX     "org.virtomen1.Error."

#define OMEN_POLKIT_EVACUATE      "org.virtomen1.evacuate"
#define OMEN_POLKIT_CONFIGURE     "org.virtomen1.configure"
#define OMEN_POLKIT_JUDGE         "org.virtomen1.judge"
