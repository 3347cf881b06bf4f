"""Words beside names: phrases and titles before them, words that end them, words that are none. Chosen by us."""

from __future__ import annotations

from dono.corpus.privacy.cues import words

NAME_CUES = words(
    """
    my name is|my name's|mera naam|mera nam|mera name|naam mera|majha naav|maza nav|amar naam|en peyar|
    ennoda peyar|naa peru|na peru|nanna hesaru|ente peru|maru naam|maro naam|mara naam|mo naa|मेरा नाम|
    मेरा पूरा नाम|हमार नाम|हमर नाम|मेरो नाम|माझे नाव|माझं नाव|माझे पूर्ण नाव|म्हजें नांव|आमार नाम|मम नाम|
    আমার নাম|আমার পুরো নাম|মোৰ নাম|ਮੇਰਾ ਨਾਮ|ਮੇਰਾ ਨਾਂ|ਮੇਰਾ ਨਾਂਅ|મારું નામ|મારુ નામ|ମୋ ନାମ|ମୋର ନାମ|ମୋ ନାଁ|
    என் பெயர்|எனது பெயர்|என்னுடைய பெயர்|నా పేరు|నాపేరు|ನನ್ನ ಹೆಸರು|ನನ್ನ ಹೆಸ್ರು|എന്റെ പേര്|എന്റെ പേരു്|എൻ്റെ പേര്|
    میرا نام|میرا پورا نام|ᱤᱧᱟᱜ ᱧᱩᱛᱩᱢ|customer name|full name|account holder|ग्राहक का नाम|पूरा नाम|
    खाताधारक का नाम|ग्राहकाचे नाव|গ্রাহকের নাম|ਗਾਹਕ ਦਾ ਨਾਮ|ગ્રાહકનું નામ|ଗ୍ରାହକଙ୍କ ନାମ|வாடிக்கையாளர் பெயர்|
    కస్టమర్ పేరు|ಗ್ರಾಹಕರ ಹೆಸರು|ഉപഭോക്താവിന്റെ പേര്|صارف کا نام
    """,
    "|",
)
"""Phrases before a name."""
NAME_STEMS = words(
    "nam, naam, naa, nav, peyar, peru, hesaru, holder, "
    "नाम, नाव, नांव, নাম, ਨਾਮ, ਨਾਂ, નામ, ନାମ, ନାଁ, பெயர், పేరు, ಹೆಸ, പേര, نام, ᱧᱩᱛᱩᱢ"
)
"""Each of those phrases has one of these in it."""
FIELDS = ("name", "naam", "नाम", "नाव", "নাম", "ਨਾਮ", "નામ", "ନାମ", "பெயர்", "పేరు", "ಹೆಸರು", "പേര്", "نام", "ᱧᱩᱛᱩᱢ")
"""Words before a colon and a name."""
HONORIFICS = ("mr", "mrs", "ms", "miss", "dr", "shri", "shree", "sri", "smt", "kumari", "prof", "adv")
TITLES = words(
    """
    श्री श्रीमती श्रीमान सुश्री कुमारी डॉ डॉक्टर শ্রী শ্রীমতী জনাব ডাঃ ডা শ্ৰী শ্ৰীমতী ਸ਼੍ਰੀ ਸ੍ਰੀ ਸ਼੍ਰੀਮਤੀ ਡਾ
    શ્રી શ્રીમતી ડૉ ડો ଶ୍ରୀ ଶ୍ରୀମତୀ ଶ୍ରୀଯୁକ୍ତ ଡଃ திரு திருமதி செல்வி டாக்டர் శ్రీ శ్రీమతి డాక్టర్ డా ಶ್ರೀ
    ಶ್ರೀಮತಿ ಡಾ ശ്രീ ശ്രീമതി ഡോ جناب محترمہ محترم ڈاکٹر
    """,
    None,
)
STOP = frozenset(
    words(
        """
        is and from i my the a an not to in of for with at on was am who what hai hain h hoon hu hun aur ka ki
        ke se main mai mein me ye yeh kya nahi ji mera meri mere he ahe aani ani but here also calling speaking
        please pls plz no number mobile phone email है हैं हूँ हूं हे और का की के से में को ने पर यह ये मैं मेरा
        मेरी मेरे क्या नहीं था थी भी व एवं तथा जी हो आहे आणि आहेत माझा माझी माझे मी व काय नाही चा ची चे ला এবং
        আর ও আমি আমার কি নয় না হল হলো হয় থেকে আছে একজন অৰু আৰু মই মোৰ ਹੈ ਹਨ ਹਾਂ ਅਤੇ ਤੇ ਦਾ ਦੀ ਦੇ ਤੋਂ ਨੂੰ ਨੇ ਮੈਂ
        ਮੇਰਾ ਮੇਰੀ ਕੀ ਨਹੀਂ છે અને નો ની નું ના થી ને માં હું મારો મારી મારું શું નથી ଅଟେ ହେଉଛି ଏବଂ ଓ ମୁଁ ମୋ ମୋର
        କଣ ନୁହେଁ କୁ ର என்பது மற்றும் நான் என் எனது ஆகும் என்ன இல்லை అని మరియు నేను నా ఏమిటి కాదు ಎಂದು ಮತ್ತು ನಾನು
        ನನ್ನ ಏನು ಅಲ್ಲ എന്നാണ് ആണ് ഒപ്പം ഞാൻ എന്റെ എന്ത് അല്ല എന്ന് ہے ہیں ہوں اور کا کی کے سے میں کو نے پر یہ
        میرا میری کیا نہیں ᱠᱟᱱᱟ ᱫᱚ ᱟᱨ ᱤᱧ
        """,
        None,
    )
)
"""Words that end a name."""
NOT_NAMES = frozenset(
    words(
        """
        लंका राम कृष्ण गणेश हरि साहिब साहेब কৃষ্ণ রাম লঙ্কা శ్రీ లంక కృష్ణ రామ ಲಂಕಾ ಕೃಷ್ಣ ರಾಮ ലങ്ക കൃഷ്ണ ஸ்ரீ
        லங்கா ଲଙ୍କା କୃଷ୍ଣ ராமா lanka krishna rama ram sir madam ji chairman president minister speaker sahib
        """,
        None,
    )
)
"""Words behind a title that are no person's, or a god's."""
NO_PERSON = words(
    """
    temple mandir college school hospital मंदिर मन्दिर विद्यालय कॉलेज स्कूल मंदीर মন্দির বিদ্যালয় ਮੰਦਰ ਸਕੂਲ
    મંદિર વિદ્યાલય ମନ୍ଦିର ବିଦ୍ୟାଳୟ கோயில் கோவில் கல்லூரி ఆలయ దేవాలయ కళాశాల ದೇವಸ್ಥಾನ ದೇವಾಲಯ ವಿದ್ಯಾಲಯ ക്ഷേത്ര
    ഭഗവതി മഹാവിഷ്ണു വിദ്യാലയ സ്കൂൾ കോളേജ് مندر کالج اسکول
    """,
    None,
)
"""Parts of words for temples and schools, which bear titles too."""
