// What pages do beyond HTML. Every page works without it.
import { offerCopying } from "./copy";
import { enhanceForms } from "./forms";
import { keepAges, localiseAll, nameZone } from "./formats";
import { takeTokenFromHash } from "./invitation";
import { follow } from "./live";
import { tameMenus } from "./menus";
import { recover } from "./recover";

localiseAll();
nameZone();
keepAges();
tameMenus();
enhanceForms();
offerCopying();
follow();
recover();
takeTokenFromHash();
if (document.querySelector("[data-chart]")) void import("./charts").then(({ drawCharts }) => drawCharts());
