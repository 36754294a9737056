import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { BackplaneNode } from '../shared/backplane-node.js';

/** Starts and stops the one node of the memory engine. */
@Injectable()
export class MemoryBackplane implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly node: BackplaneNode) {}

  onModuleInit(): Promise<void> {
    return this.node.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.node.stop();
  }
}
