/** The switch: opens the way to the agents that the settings name. @module */

import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { Settings } from "../../program/settings.ts";
import { natsOptions, rabbitOptions, redisOptions } from "../../transports/options.ts";
import type { Way, WayHooks } from "./way.ts";

/** @throws {FatalError} If it can't be opened, saying what to do. */
export async function openWay(settings: Settings, hooks: WayHooks, parts: { log: Log; clock: Clock }): Promise<Way> {
  switch (settings.EVENT_TRANSPORT) {
    case "file": {
      const { openFileWay } = await import("./ways/events_file.ts");
      return openFileWay(settings, hooks, parts);
    }
    case "websocket": {
      const { openRestWay } = await import("./ways/rest.ts");
      return openRestWay(settings, hooks, parts);
    }
    case "rabbitmq": {
      const { openRabbitWay } = await import("./ways/rabbitmq.ts");
      return await openRabbitWay(rabbitOptions(settings), hooks);
    }
    case "redis": {
      const { openRedisWay } = await import("./ways/redis.ts");
      return await openRedisWay(redisOptions(settings), hooks);
    }
    case "nats": {
      const { openNatsWay } = await import("./ways/nats.ts");
      return await openNatsWay(natsOptions(settings), hooks);
    }
  }
}
