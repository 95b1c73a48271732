/* SPDX-License-Identifier: LGPL-2.1-or-later */
import cockpit from "cockpit";
import { render } from "preact";
import { Page } from "./page.jsx";
import "./style.css";
import { followTheme } from "./theme.js";

followTheme();
document.documentElement.lang = (cockpit.language || "en").replace("_", "-");
document.title = cockpit.gettext("Signs of failure");
render(<Page />, document.getElementById("app"));
// Cockpit shows the page once it has what to show.
cockpit.transport.wait(() => { document.body.hidden = false });
