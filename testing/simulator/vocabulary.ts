/** One language of the simulated network: its tag, how common it is, its words and what stands between them. */
export interface Language {
  tag: string;
  weight: number;
  gap: string;
  words: readonly string[];
}

const words = (text: string): readonly string[] => text.split(' ');

/** Languages by how often they are written; the last ones run from right to left or need no spaces. */
export const LANGUAGES: readonly Language[] = [
  {
    tag: 'en',
    weight: 52,
    gap: ' ',
    words: words(
      "the a this my our today tonight again finally still maybe really just never always coffee garden train river cat dog bread soup book song game match library museum weather rain snow sunshine morning evening weekend neighbour street market bicycle paint sketch photo camera keyboard compiler database feed thread post reply idea plan budget vote council election science telescope planet orbit moth heron oak moss kettle sourdough it's don't can't is was feels looks sounds tastes found lost fixed broke wrote read watched baked grew walked saw and but because with without near after before & <3",
    ),
  },
  {
    tag: 'pt',
    weight: 12,
    gap: ' ',
    words: words(
      'hoje ontem amanhã sempre nunca talvez café pão chuva sol praia cidade ônibus jogo time gol música livro filme gato cachorro saudade coração irmã avó não é são está muito pouco bom boa noite manhã gente aqui ali porque também então só já quero fui vi achei perdi kkkkkk',
    ),
  },
  {
    tag: 'ja',
    weight: 12,
    gap: '',
    words: words(
      '今日は 明日も 昨日の 雨が 晴れ 散歩 電車 珈琲 パン 猫 犬 本を読む 映画 音楽 ゲーム 楽しい 眠い 美味しい 新しい 写真 イラスト 描いた 見た 行きたい おはよう おやすみ ありがとう です。 ました。 かな？ ！ 、',
    ),
  },
  {
    tag: 'es',
    weight: 5,
    gap: ' ',
    words: words(
      'hoy ayer mañana siempre nunca quizá café pan lluvia sol playa ciudad tren partido canción libro película gato perro corazón abuela año niño muy poco bueno noche aquí allí porque también entonces quiero vi encontré ¿cómo? ¡qué!',
    ),
  },
  {
    tag: 'de',
    weight: 5,
    gap: ' ',
    words: words(
      'heute gestern morgen immer niemals vielleicht Kaffee Brot Regen Sonne Straße Fahrrad Zug Spiel Lied Buch Katze Hund Großmutter schön müde neu über für und aber weil auch dann gefunden verloren gebaut gelesen Bundesratssitzung',
    ),
  },
  {
    tag: 'fr',
    weight: 3,
    gap: ' ',
    words: words(
      "aujourd'hui hier demain toujours jamais peut-être café pain pluie soleil plage ville vélo train match chanson livre chat chien cœur grand-mère très peu beau nuit ici là parce que aussi alors j'ai trouvé perdu déjà ça où",
    ),
  },
  {
    tag: 'ko',
    weight: 3,
    gap: ' ',
    words: words(
      '오늘 내일 어제 커피 빵 비가 고양이 강아지 책을 영화 음악 게임 사진 그림 좋다 졸려 맛있어 새로운 정말 그리고 하지만 ㅋㅋㅋ',
    ),
  },
  {
    tag: 'tr',
    weight: 2,
    gap: ' ',
    words: words(
      'bugün yarın dün her zaman asla belki kahve ekmek yağmur güneş şehir tren maç şarkı kitap kedi köpek çok az güzel ve ama çünkü İstanbul ılık',
    ),
  },
  {
    tag: 'uk',
    weight: 2,
    gap: ' ',
    words: words(
      "сьогодні вчора завтра завжди ніколи кава хліб дощ сонце місто потяг гра пісня книга кіт собака серце ім'я дуже трохи гарно ніч і але тому знайшов",
    ),
  },
  {
    tag: 'ar',
    weight: 2,
    gap: ' ',
    words: words(
      'اليوم غدا أمس دائما قهوة خبز مطر شمس مدينة قطار مباراة أغنية كتاب قطة كلب قلب جدا جميل ليل هنا لأن أيضا وجدت قرأت',
    ),
  },
  {
    tag: 'he',
    weight: 1,
    gap: ' ',
    words: words(
      'היום מחר אתמול תמיד קפה לחם גשם שמש עיר רכבת משחק שיר ספר חתול כלב לב מאוד יפה לילה כאן כי גם מצאתי קראתי',
    ),
  },
  {
    tag: 'zh-Hant',
    weight: 1,
    gap: '',
    words: words('今天 明天 昨天 咖啡 麵包 下雨 太陽 城市 火車 比賽 歌曲 書 貓 狗 很好 晚上 因為 也 找到了 讀了 。 ，'),
  },
  {
    tag: 'hi',
    weight: 1,
    gap: ' ',
    words: words('आज कल हमेशा चाय रोटी बारिश धूप शहर रेल खेल गाना किताब बिल्ली कुत्ता दिल बहुत सुंदर रात यहाँ क्योंकि भी मिला पढ़ा'),
  },
  {
    tag: 'th',
    weight: 1,
    gap: '',
    words: words('วันนี้ พรุ่งนี้ เมื่อวาน กาแฟ ขนมปัง ฝนตก แดด เมือง รถไฟ เพลง หนังสือ แมว หมา สวย กลางคืน ที่นี่ เพราะ ก็ เจอ อ่าน'),
  },
];

/** Single graphemes, some of several code points. */
export const EMOJI: readonly string[] = ['😀', '🔥', '❤️', '👍🏽', '👩‍🚀', '🏳️‍🌈', '🇧🇷', '🦋', '✨', '🥖', '👨‍👩‍👧', '5️⃣'];

/** Tags as authors write them, without the hash sign. */
export const TAGS: readonly string[] = [
  'art',
  'photography',
  'caturday',
  'birds',
  'trains',
  'opensource',
  'écologie',
  'ゲーム',
  'futebol',
  'Kunst',
  'BookSky',
  'tag_with_under',
  '2026',
];

/** Hosts that external links point to (all reserved for examples). */
export const LINK_HOSTS: readonly string[] = [
  'news.example.com',
  'blog.example.org',
  'video.example.net',
  'shop.example.com',
  'science.example.edu',
];

/** Words that handles are made of. */
export const HANDLE_WORDS: readonly string[] = [
  'heron',
  'maple',
  'quartz',
  'ember',
  'tide',
  'fennel',
  'otter',
  'lumen',
  'cedar',
  'pixel',
  'comet',
  'willow',
  'basil',
  'raven',
  'topaz',
  'delta',
];

/** Values an author may put on their own post. */
export const SELF_LABELS: readonly string[] = ['sexual', 'nudity', 'porn', 'graphic-media', '!no-unauthenticated'];
