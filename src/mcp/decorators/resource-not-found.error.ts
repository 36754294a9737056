/**
 * Thrown by a resource's `read` where its URI template matches but the resource does not exist, or may not be seen by
 * this caller: the client gets the same answer as for any unknown URI. The message is for tests and debugging only.
 */
export class ResourceNotFoundError extends Error {
  override readonly name = 'ResourceNotFoundError';
}
