/**
 * A Map that takes no table for its first entry: most clients are in one namespace, and most sockets wait for no answer.
 * Undefined is no key.
 */
export class Few<K, V> {
  private key: K | undefined;
  private value: V | undefined;
  private more: Map<K, V> | undefined;

  get size(): number {
    return this.more ? this.more.size : Number(this.key !== undefined);
  }

  has(key: K): boolean {
    return this.more ? this.more.has(key) : this.key === key && key !== undefined;
  }

  get(key: K): V | undefined {
    if (this.more) return this.more.get(key);
    return this.key === key ? this.value : undefined;
  }

  set(key: K, value: V): this {
    if (this.more || (this.key !== undefined && this.key !== key)) this.all().set(key, value);
    else [this.key, this.value] = [key, value];
    return this;
  }

  delete(key: K): boolean {
    if (this.more) return this.more.delete(key);
    const had = this.has(key);
    if (had) this.clear();
    return had;
  }

  clear(): void {
    this.more?.clear();
    this.key = this.value = undefined;
  }

  keys(): MapIterator<K> {
    return this.all().keys();
  }

  values(): MapIterator<V> {
    return this.all().values();
  }

  entries(): MapIterator<[K, V]> {
    return this.all().entries();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(each: (value: V, key: K, map: Map<K, V>) => void, self?: unknown): void {
    this.all().forEach((value, key) => each.call(self, value, key, this as unknown as Map<K, V>));
  }

  /** Whoever goes over the entries may change them meanwhile, as of any Map. */
  private all(): Map<K, V> {
    if (this.more) return this.more;
    this.more = new Map();
    if (this.key !== undefined) this.more.set(this.key, this.value as V);
    this.key = this.value = undefined;
    return this.more;
  }
}

Object.setPrototypeOf(Few.prototype, Map.prototype);
