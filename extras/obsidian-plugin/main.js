"use strict";
// Moves the open proposal to `Approved` or `Rejected`: the same as moving it by hand, nothing more.
// Source: Obsidian API 1.13.1, `FileManager.renameFile` (since 0.11.0), `Plugin.addCommand`.
const { Notice, Plugin, TFile } = require("obsidian");

const DECISIONS = [
  { id: "approve", name: "Approve this proposal", folder: "Approved", icon: "check" },
  { id: "reject", name: "Reject this proposal", folder: "Rejected", icon: "x" },
];
const WAITS_IN = ["Pending_Approval", "Needs_Review"];

/** Return whether a file is a proposal that waits for its owner. */
function waits(file) {
  return file instanceof TFile && file.extension === "md" && WAITS_IN.includes(file.parent?.name);
}

/** Return where a proposal goes: beside the folder it waits in, which may lie in a larger vault. */
function target(file, folder) {
  const above = file.parent.parent?.path ?? "/";
  return `${above === "/" ? "" : `${above}/`}${folder}/${file.name}`;
}

module.exports = class ApprovePlugin extends Plugin {
  onload() {
    for (const decision of DECISIONS) {
      this.addCommand({
        id: decision.id,
        name: decision.name,
        checkCallback: (checking) => {
          const file = this.app.workspace.getActiveFile();
          if (!waits(file)) return false;
          if (!checking) this.decide(file, decision);
          return true;
        },
      });
    }
    this.registerEvent(
      this.app.workspace.on("file-menu", (menu, file) => {
        if (!waits(file)) return;
        for (const decision of DECISIONS) {
          menu.addItem((item) =>
            item
              .setTitle(decision.name)
              .setIcon(decision.icon)
              .onClick(() => this.decide(file, decision)),
          );
        }
      }),
    );
  }

  async decide(file, decision) {
    const path = target(file, decision.folder);
    try {
      await this.app.fileManager.renameFile(file, path);
    } catch (error) {
      new Notice(`Not moved: ${error.message}`);
      return;
    }
    new Notice(`Moved to ${decision.folder}`);
  }
};
