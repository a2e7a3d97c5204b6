/** What the agent takes of ElizaOS's core, by name: the lean core has only what these need. @module */

export { AgentRuntime, ChannelType, logger, stringToUuid, validateCharacter } from "@elizaos/core";
