/** What a page says. */
export type FromPage = {
  typing: () => void;
  read: (id: string) => void;
  react: (id: string, emoji: string) => void;
};

/** What a page hears. */
export type ToPage = {
  came: (name: string) => void;
  posted: (post: Post) => void;
  typing: (name: string) => void;
  read: (id: string, name: string) => void;
  reacted: (id: string, name: string, emoji: string) => void;
};

export type Post = { id: string; name: string; text: string };
