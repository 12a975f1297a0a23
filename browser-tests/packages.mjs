// Lets the scripts here import what `cargo xtask test` installed below `target/node`, where no import would look
// by itself: `target/node/node --import ./packages.mjs SCRIPT`. Tests do it through `testkit::browser`.

import { registerHooks } from "node:module";

const here = new URL("./", import.meta.url).href;
const installed = new URL("../target/node/package.json", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const isPackage = /^[@a-z]/.test(specifier) && !specifier.includes(":");
    const isOurs = context.parentURL?.startsWith(here);
    return next(specifier, isPackage && isOurs ? { ...context, parentURL: installed } : context);
  },
});
