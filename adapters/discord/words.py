"""What commands, menus and forms are called in other languages than English.

Discord shows people the words of their own client's language, and English where there are none.
A command is named by its name, an option by "command.option"; the bot itself only ever hears the
English names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Told = tuple[str, str]
"""A name, as it is typed, and one line of description."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language.

    Attributes:
        commands: Names and descriptions of commands and their options.
        menus: Names of the menu commands, by what they do.
        question: Label of the form's only field.
    """

    commands: Mapping[str, Told]
    menus: Mapping[str, str]
    question: str


THREAD = "thread"
THREAD_TOLD = "Another conversation of yours in this channel"
QUESTION = "What do you want to know about it?"
MENUS = {
    "ask": "Ask about this",
    "remember": "Remember this",
    "summary": "Summarise from here",
    "forget": "Forget this thread",
}
"""The menu commands of messages: the command that each calls, and its English name."""

_GERMAN = Words(
    commands={
        "ask": ("fragen", "Frag mich etwas nur für dich; sonst sieht es niemand"),
        "ask.question": ("frage", "Was du wissen möchtest"),
        "summary": ("zusammenfassung", "Diesen Thread zusammenfassen, nur für deine Augen"),
        "summary.share": ("teilen", "Allen im Thread zeigen"),
        "remember": ("merken", "Etwas für später behalten, hier oder nur für dich"),
        "remember.text": ("text", "Ein oder zwei Sätze, mit #tags"),
        "remember.for": (
            "für",
            "Für wen: hier, diesen Thread, diesen Kanal, alle auf dem Server oder nur mich",
        ),
        "memories": (
            "gemerktes",
            "Ansehen, berichtigen, teilen und löschen, was ich mir gemerkt habe",
        ),
        "memories.query": (
            "suche",
            "Wörter oder #tags, nach denen gesucht wird; ohne sie kommt alles",
        ),
        "recall": ("erinnern", "Frühere Gespräche durchsuchen, die du lesen darfst"),
        "recall.query": ("suche", "Worum ging es?"),
        "forget": (
            "vergessen",
            "Löschen, was ich aufbewahre: diesen Thread, eine Notiz oder alles über dich",
        ),
        "forget.memory": (
            "notiz",
            "Etwas, das ich mir gemerkt habe: Wörter daraus oder seine Kennung",
        ),
        "forget.everything": ("alles", "Alles über dich, Gemerktes und Gespräche"),
        "forget.sure": ("sicher", "Sofort, ohne noch einmal zu fragen"),
        "link": ("verbinden", "Mehrere deiner Konten zu einem machen, mit einem Code"),
        "link.code": ("code", "Der Code, den dein anderes Konto bekommen hat"),
        "link.off": ("aus", "Dieses Konto mit keinem anderen mehr verbinden"),
        "connect": (
            "anschließen",
            "Ein anderes Programm mit einem Token nutzen lassen, was ich mir für dich merke",
        ),
        "connect.name": ("name", "Wofür das Token ist, etwa Laptop"),
        "stop": ("stopp", "Die Antwort beenden, die gerade entsteht; ihr Text bleibt"),
        "usage": ("verbrauch", "Nachrichten, Tokens und Kosten dieses Threads bisher"),
        "export": ("export", "Dieses Gespräch als Datei: Markdown und JSON"),
        "help": ("hilfe", "Was ich kann und wie man mit mir spricht"),
        "imagine": ("bild", "Ein Bild nach deiner Beschreibung malen"),
        "settings": (
            "einstellungen",
            "Wie ich mich in diesem Kanal verhalte; wer ihn verwaltet, kann es ändern",
        ),
        "settings.mention": (
            "erwähnung",
            "Wann ich ohne Erwähnung antworte: nie, in meinen Gesprächen oder immer",
        ),
        "settings.hours": (
            "stunden",
            "Stunden Stille, bis ich wieder auf eine Erwähnung warte; 0 für nie",
        ),
        "settings.memory": (
            "gedächtnis",
            "Ob ich mir von selbst merke, was hier vereinbart wird, und zeige, was ich behalte",
        ),
        "settings.reset": ("zurücksetzen", "Wieder so, wie ich überall eingestellt bin"),
        "settings.persona": ("rolle", "Wie ich hier sein soll, etwa eine Sprache oder eine Rolle"),
        "persona": (
            "rolle",
            "Wie ich in diesem Kanal sein soll, etwa eine Sprache oder eine Rolle",
        ),
        "persona.text": ("text", "Wie ich hier sein soll; off für nichts Besonderes"),
        "leave": ("verlassen", "Ich verlasse diesen Thread, bis mich wieder jemand erwähnt"),
        "imagine.prompt": ("beschreibung", "Was auf dem Bild zu sehen sein soll"),
        "imagine.only_me": ("nur-ich", "Es sonst niemandem zeigen"),
        THREAD: ("thread", "Ein anderes deiner Gespräche in diesem Kanal"),
    },
    menus={
        "ask": "Dazu etwas fragen",
        "remember": "Das merken",
        "summary": "Ab hier zusammenfassen",
        "forget": "Diesen Thread vergessen",
    },
    question="Was möchtest du darüber wissen?",
)
_FRENCH = Words(
    commands={
        "ask": (
            "demander",
            "Une question rien que pour toi ; personne d'autre ne la voit",
        ),
        "ask.question": ("question", "Ce que tu veux savoir"),
        "summary": ("résumé", "Résumer ce fil, pour toi seul"),
        "summary.share": ("partager", "Le montrer à tout le monde dans le fil"),
        "remember": ("retenir", "Garder quelque chose pour plus tard, ici ou pour toi seul"),
        "remember.text": ("texte", "Une ou deux phrases, avec des #tags"),
        "remember.for": ("pour", "Pour qui : ici, ce fil, ce salon, tout le serveur, ou moi seul"),
        "memories": ("souvenirs", "Voir, corriger, partager et effacer ce que je retiens"),
        "memories.query": ("recherche", "Mots ou #tags à chercher ; rien pour tout voir"),
        "recall": ("rappeler", "Chercher dans les conversations passées que tu peux lire"),
        "recall.query": ("recherche", "De quoi s'agissait-il ?"),
        "forget": ("oublier", "Effacer ce que je garde : ce fil, un souvenir, ou tout sur toi"),
        "forget.memory": ("souvenir", "Une chose que je retiens : des mots, ou son identifiant"),
        "forget.everything": ("tout", "Tout sur toi, souvenirs et conversations"),
        "forget.sure": ("certain", "Tout de suite, sans redemander"),
        "link": ("lier", "Réunir plusieurs de tes comptes par un code"),
        "link.code": ("code", "Le code montré à ton autre compte"),
        "link.off": ("non", "Ne plus lier ce compte à aucun autre"),
        "connect": (
            "connecter",
            "Laisser un autre programme utiliser ce que je retiens pour toi, par un jeton",
        ),
        "connect.name": ("nom", "À quoi sert le jeton, par exemple portable"),
        "stop": ("arrêter", "Interrompre la réponse en cours ; son texte reste"),
        "usage": ("consommation", "Messages, jetons et coût de ce fil jusqu'ici"),
        "export": ("exporter", "Cette conversation dans un fichier : Markdown et JSON"),
        "help": ("aide", "Ce que je sais faire et comment me parler"),
        "imagine": ("image", "Dessiner une image d'après ta description"),
        "settings": (
            "réglages",
            "Comment je me comporte dans ce salon ; ses gestionnaires peuvent le changer",
        ),
        "settings.mention": (
            "mention",
            "Quand je réponds sans mention : jamais, dans mes conversations, ou toujours",
        ),
        "settings.hours": (
            "heures",
            "Heures de silence avant que j'attende de nouveau une mention ; 0 pour jamais",
        ),
        "settings.memory": (
            "mémoire",
            "Si je retiens de moi-même ce qui est convenu ici, en montrant ce que je garde",
        ),
        "settings.reset": ("réinitialiser", "Revenir à mes réglages de partout"),
        "settings.persona": ("rôle", "Comment je dois être ici, par exemple une langue ou un rôle"),
        "persona": (
            "rôle",
            "Comment je dois être dans ce salon, par exemple une langue ou un rôle",
        ),
        "persona.text": ("texte", "Comment je dois être ici ; off pour rien de particulier"),
        "leave": ("partir", "Je quitte ce fil jusqu'à ce qu'on me mentionne de nouveau"),
        "imagine.prompt": ("description", "Ce que l'image doit montrer"),
        "imagine.only_me": ("moi-seul", "Ne la montrer à personne d'autre"),
        THREAD: ("fil", "Une autre de tes conversations dans ce salon"),
    },
    menus={
        "ask": "Poser une question là-dessus",
        "remember": "Retenir ceci",
        "summary": "Résumer à partir d'ici",
        "forget": "Oublier ce fil",
    },
    question="Que veux-tu savoir à ce sujet ?",
)
_SPANISH = Words(
    commands={
        "ask": ("preguntar", "Pregúntame algo solo para ti; nadie más lo ve"),
        "ask.question": ("pregunta", "Lo que quieres saber"),
        "summary": ("resumen", "Resumir este hilo, solo para ti"),
        "summary.share": ("compartir", "Mostrarlo a todos en el hilo"),
        "remember": ("recordar", "Guardar algo para después, aquí o solo para ti"),
        "remember.text": ("texto", "Una o dos frases, con #tags"),
        "remember.for": (
            "para",
            "Para quién: aquí, este hilo, este canal, todo el servidor o solo yo",
        ),
        "memories": ("recuerdos", "Ver, corregir, compartir y borrar lo que recuerdo"),
        "memories.query": ("búsqueda", "Palabras o #tags que buscar; sin nada, todo"),
        "recall": ("rememorar", "Buscar en conversaciones pasadas que puedes leer"),
        "recall.query": ("búsqueda", "¿De qué se trataba?"),
        "forget": ("olvidar", "Borrar lo que guardo: este hilo, un recuerdo o todo sobre ti"),
        "forget.memory": ("recuerdo", "Algo que recuerdo: palabras suyas o su identificador"),
        "forget.everything": ("todo", "Todo sobre ti, recuerdos y conversaciones"),
        "forget.sure": ("seguro", "Enseguida, sin volver a preguntar"),
        "link": ("vincular", "Unir varias cuentas tuyas con un código"),
        "link.code": ("código", "El código que recibió tu otra cuenta"),
        "link.off": ("no", "No vincular más esta cuenta con ninguna otra"),
        "connect": (
            "conectar",
            "Dejar que otro programa use lo que recuerdo para ti, con un token",
        ),
        "connect.name": ("nombre", "Para qué es el token, por ejemplo portátil"),
        "stop": ("detener", "Terminar la respuesta en curso; su texto se queda"),
        "usage": ("consumo", "Mensajes, tokens y coste de este hilo hasta ahora"),
        "export": ("exportar", "Esta conversación como archivo: Markdown y JSON"),
        "help": ("ayuda", "Qué sé hacer y cómo hablar conmigo"),
        "imagine": ("imagen", "Dibujar una imagen según tu descripción"),
        "settings": (
            "ajustes",
            "Cómo me comporto en este canal; quien lo gestiona puede cambiarlo",
        ),
        "settings.mention": (
            "mención",
            "Cuándo respondo sin mención: nunca, en mis conversaciones o siempre",
        ),
        "settings.hours": (
            "horas",
            "Horas de silencio hasta que vuelvo a esperar una mención; 0 para nunca",
        ),
        "settings.memory": (
            "memoria",
            "Si recuerdo por mí mismo lo que se acuerda aquí y muestro lo que guardo",
        ),
        "settings.reset": ("restablecer", "Volver a como estoy ajustado en todas partes"),
        "settings.persona": ("papel", "Cómo debo ser aquí, por ejemplo un idioma o un papel"),
        "persona": ("papel", "Cómo debo ser en este canal, por ejemplo un idioma o un papel"),
        "persona.text": ("texto", "Cómo debo ser aquí; off para nada especial"),
        "leave": ("salir", "Dejo este hilo hasta que alguien vuelva a mencionarme"),
        "imagine.prompt": ("descripción", "Lo que debe mostrar la imagen"),
        "imagine.only_me": ("solo-yo", "No mostrarla a nadie más"),
        THREAD: ("hilo", "Otra de tus conversaciones en este canal"),
    },
    menus={
        "ask": "Preguntar sobre esto",
        "remember": "Recordar esto",
        "summary": "Resumir desde aquí",
        "forget": "Olvidar este hilo",
    },
    question="¿Qué quieres saber sobre esto?",
)
_JAPANESE = Words(
    commands={
        "ask": ("質問", "自分だけに見える質問をする"),
        "ask.question": ("内容", "知りたいこと"),
        "summary": ("要約", "このスレッドを自分だけに要約する"),
        "summary.share": ("共有", "スレッドの全員に見せる"),
        "remember": ("覚える", "あとのために覚えておく(この場所か自分だけ)"),
        "remember.text": ("内容", "一、二文で、#タグも使える"),
        "remember.for": ("対象", "だれのため: ここ、このスレッド、このチャンネル、全員、自分だけ"),
        "memories": ("記憶", "覚えていることを見る、直す、共有する、消す"),
        "memories.query": ("検索", "探す言葉や #タグ(なければすべて)"),
        "recall": ("思い出す", "読める過去の会話を検索する"),
        "recall.query": ("検索", "何の話でしたか?"),
        "forget": ("忘れる", "保存した内容を消す: このスレッド、記憶ひとつ、自分のすべて"),
        "forget.memory": ("記憶", "覚えていることのひとつ(その言葉か ID)"),
        "forget.everything": ("すべて", "自分に関するすべて(記憶と会話)"),
        "forget.sure": ("確実", "確認せずにすぐ消す"),
        "link": ("連携", "コードで自分の複数のアカウントを一つにする"),
        "link.code": ("コード", "もう一方のアカウントに表示されたコード"),
        "link.off": ("解除", "このアカウントの連携をやめる"),
        "connect": ("接続", "トークンで他のプログラムに記憶を使わせる"),
        "connect.name": ("名前", "トークンの用途(例: ノートパソコン)"),
        "stop": ("停止", "書いている途中の回答を終える(書いた分は残る)"),
        "usage": ("使用量", "このスレッドのメッセージ数、トークン数、費用"),
        "export": ("書き出し", "この会話をファイルで受け取る(Markdown と JSON)"),
        "help": ("ヘルプ", "できることと話しかけ方"),
        "imagine": ("画像", "説明をもとに画像を描く"),
        "settings": ("設定", "このチャンネルでのふるまい(管理者が変更できる)"),
        "settings.mention": (
            "メンション",
            "メンションなしで答えるのはいつか: never(なし)、自分の会話内、always(常に)",
        ),
        "settings.hours": ("時間", "静かになってから何時間でメンション待ちに戻るか(0 は戻らない)"),
        "settings.memory": ("記憶", "ここで決まったことを自分で覚え、残すものを見せるかどうか"),
        "settings.reset": ("リセット", "全体の設定に戻す"),
        "settings.persona": ("役割", "ここでのふるまい(言語や役など)"),
        "persona": ("役割", "このチャンネルでのふるまい(言語や役など)"),
        "persona.text": ("内容", "ここでのふるまい(off で特になし)"),
        "leave": ("退出", "またメンションされるまでこのスレッドを離れる"),
        "imagine.prompt": ("説明", "画像に描くもの"),
        "imagine.only_me": ("自分だけ", "ほかの人には見せません"),
        THREAD: ("スレッド", "このチャンネルでの自分の別の会話"),
    },
    menus={
        "ask": "これについて質問",
        "remember": "これを覚える",
        "summary": "ここから要約",
        "forget": "このスレッドを忘れる",
    },
    question="これについて何を知りたいですか?",
)
_PORTUGUESE = Words(
    commands={
        "ask": ("perguntar", "Pergunte algo só para você; ninguém mais vê"),
        "ask.question": ("pergunta", "O que você quer saber"),
        "summary": ("resumo", "Resumir este tópico, só para você"),
        "summary.share": ("compartilhar", "Mostrar a todos no tópico"),
        "remember": ("lembrar", "Guardar algo para depois, aqui ou só para você"),
        "remember.text": ("texto", "Uma ou duas frases, com #tags"),
        "remember.for": (
            "para",
            "Para quem: aqui, este tópico, este canal, todo o servidor ou só eu",
        ),
        "memories": ("memórias", "Ver, corrigir, compartilhar e apagar o que eu lembro"),
        "memories.query": ("busca", "Palavras ou #tags para procurar; nada mostra tudo"),
        "recall": ("relembrar", "Procurar em conversas passadas que você pode ler"),
        "recall.query": ("busca", "Sobre o que era?"),
        "forget": ("esquecer", "Apagar o que guardo: este tópico, uma memória ou tudo sobre você"),
        "forget.memory": ("memória", "Algo que eu lembro: palavras ou o identificador"),
        "forget.everything": ("tudo", "Tudo sobre você, memórias e conversas"),
        "forget.sure": ("certeza", "Na hora, sem perguntar de novo"),
        "link": ("vincular", "Unir várias contas suas com um código"),
        "link.code": ("código", "O código mostrado à sua outra conta"),
        "link.off": ("não", "Não vincular mais esta conta a nenhuma outra"),
        "connect": ("conectar", "Deixar outro programa usar o que lembro para você, com um token"),
        "connect.name": ("nome", "Para que serve o token, como notebook"),
        "stop": ("parar", "Encerrar a resposta em andamento; o texto dela fica"),
        "usage": ("consumo", "Mensagens, tokens e custo deste tópico até agora"),
        "export": ("exportar", "Esta conversa como arquivo: Markdown e JSON"),
        "help": ("ajuda", "O que eu sei fazer e como falar comigo"),
        "imagine": ("imagem", "Desenhar uma imagem a partir da sua descrição"),
        "settings": ("ajustes", "Como me comporto neste canal; quem o gerencia pode mudar"),
        "settings.mention": (
            "menção",
            "Quando respondo sem menção: nunca, nas minhas conversas ou sempre",
        ),
        "settings.hours": (
            "horas",
            "Horas de silêncio até eu voltar a esperar uma menção; 0 para nunca",
        ),
        "settings.memory": (
            "memória",
            "Se guardo sozinho o que se combina aqui, mostrando o que guardo",
        ),
        "settings.reset": ("redefinir", "Voltar a como estou ajustado em todo lugar"),
        "settings.persona": ("papel", "Como devo ser aqui, por exemplo um idioma ou um papel"),
        "persona": ("papel", "Como devo ser neste canal, por exemplo um idioma ou um papel"),
        "persona.text": ("texto", "Como devo ser aqui; off para nada especial"),
        "leave": ("sair", "Deixo este tópico até alguém me mencionar de novo"),
        "imagine.prompt": ("descrição", "O que a imagem deve mostrar"),
        "imagine.only_me": ("só-eu", "Não mostrar a mais ninguém"),
        THREAD: ("tópico", "Outra conversa sua neste canal"),
    },
    menus={
        "ask": "Perguntar sobre isto",
        "remember": "Lembrar disto",
        "summary": "Resumir a partir daqui",
        "forget": "Esquecer este tópico",
    },
    question="O que você quer saber sobre isto?",
)

LANGUAGES: Mapping[str, Words] = {
    "de": _GERMAN,
    "es-419": _SPANISH,
    "es-ES": _SPANISH,
    "fr": _FRENCH,
    "ja": _JAPANESE,
    "pt-BR": _PORTUGUESE,
}
"""By Discord's names of locales."""


def localised(key: str) -> dict[str, dict[str, str]]:
    """The fields that translate a command ("summary") or an option ("summary.share").

    Empty where no language knows it.
    """
    known = {locale: words.commands.get(key) for locale, words in LANGUAGES.items()}
    told = {locale: found for locale, found in known.items() if found is not None}
    if not told:
        return {}
    return {
        "name_localizations": {locale: name for locale, (name, _) in told.items()},
        "description_localizations": {locale: line for locale, (_, line) in told.items()},
    }


def menu_names(command: str) -> dict[str, str]:
    """What the menu command of a command is called in other languages."""
    return {locale: words.menus[command] for locale, words in LANGUAGES.items()}


def form_words(locale: str) -> tuple[str, str]:
    """Title of the form, and label of its field, in the language of somebody's client."""
    words = LANGUAGES.get(locale)
    if words is None:
        return MENUS["ask"], QUESTION
    return words.menus["ask"], words.question
