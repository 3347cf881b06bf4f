"""Words that name a kind of identifier, in the languages of India; words for numbers that are nobody's.

Latin words stand alone; a word of another script may have a suffix or another word glued to it. Chosen by us.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import regex

SHORT = 3
"""Words of other scripts with at most this many code points stand alone too: कार is within सरकार (assumed)."""

BEFORE, AFTER = 48, 24
"""How many characters before and after an identifier its cue may stand (assumed)."""

CUES: dict[str, str] = {
    "aadhaar": """aadhaar, aadhar, adhaar, adhar, uidai, uid, आधार, আধার, আধাৰ, ਆਧਾਰ, આધાર, ଆଧାର, ஆதார், ఆధార్,
        ಆಧಾರ್, ಆಧಾರ, ആധാർ, آدھار, ᱟᱫᱷᱟᱨ""",
    "vid": """vid, virtual id, virtual aadhaar, वीआईडी, वर्चुअल आईडी, ভিআইডি, ভার্চুয়াল আইডি, ਵੀਆਈਡੀ, ਵਰਚੁਅਲ ਆਈਡੀ,
        વીઆઈડી, વર્ચ્યુઅલ આઈડી, ଭିଆଇଡି, ଭର୍ଚୁଆଲ ଆଇଡି, விஐடி, மெய்நிகர் ஐடி, விர்ச்சுவல் ஐடி, విఐడి, వర్చువల్ ఐడి,
        ವಿಐಡಿ, ವರ್ಚುವಲ್ ಐಡಿ, വിഐഡി, വെർച്വൽ ഐഡി, وی آئی ڈی, ورچوئل آئی ڈی, ᱵᱷᱤᱟᱭᱰᱤ""",
    "pan": """pan, permanent account number, पैन, पॅन, प्यान, প্যান, পেন কার্ড, পান কার্ড, ਪੈਨ, ਪੈਨ ਕਾਰਡ, પાન કાર્ડ,
        પાન, પૅન, પેન, ପାନ, ପ୍ୟାନ, பான், பேன், పాన్, ప్యాన్, ಪ್ಯಾನ್, ಪಾನ್, പാൻ, پین, ᱯᱮᱱ""",
    "gstin": """gstin, gst, जीएसटी, জিএসটি, ਜੀਐਸਟੀ, ਜੀਐੱਸਟੀ, જીએસટી, ଜିଏସଟି, ஜிஎஸ்டி, జీఎస్టీ, జిఎస్టి, ಜಿಎಸ್‌ಟಿ,
        ಜಿಎಸ್ಟಿ, ജിഎസ്ടി, جی ایس ٹی, ᱡᱤᱮᱥᱴᱤ""",
    "upi": """upi, vpa, bhim, gpay, google pay, phonepe, paytm, यूपीआई, यूपीआय, भीम, ইউপিআই, ਯੂਪੀਆਈ, યુપીઆઈ, યુપીઆઇ,
        ୟୁପିଆଇ, யுபிஐ, యూపీఐ, యుపిఐ, ಯುಪಿಐ, യുപിഐ, یو پی آئی, ᱭᱩᱯᱤᱟᱭ""",
    "phone": """phone, mobile, mob, cell, cellphone, contact, call, whatsapp, telephone, tel, ph, helpline, dial,
        landline, sms, मोबाइल, मोबाईल, फोन, फ़ोन, फोनवर, संपर्क, सम्पर्क, कॉल, व्हाट्सएप, व्हाट्सऐप, व्हॉट्सअॅप,
        दूरभाष, दूरध्वनी, लैंडलाइन, लँडलाइन, মোবাইল, ফোন, ম'বাইল, যোগাযোগ, কল, হোয়াটসঅ্যাপ, ল্যান্ডলাইন, ਮੋਬਾਈਲ,
        ਮੋਬਾਇਲ, ਫੋਨ, ਫ਼ੋਨ, ਸੰਪਰਕ, ਕਾਲ, ਵਟਸਐਪ, ਲੈਂਡਲਾਈਨ, મોબાઇલ, મોબાઈલ, ફોન, સંપર્ક, કૉલ, કોલ, વોટ્સએપ, લેન્ડલાઇન,
        લેન્ડલાઈન, ମୋବାଇଲ, ଫୋନ, ଯୋଗାଯୋଗ, କଲ୍, ହ୍ୱାଟସଆପ, ଲ୍ୟାଣ୍ଡଲାଇନ, மொபைல், கைபேசி, அலைபேசி, தொலைபேசி, போன்,
        ஃபோன், தொடர்பு, அழை, வாட்ஸ்அப், லேண்ட்லைன், మొబైల్, ఫోన్, సంప్రదించ, కాల్, వాట్సాప్, ల్యాండ్‌లైన్,
        ల్యాండ్లైన్, ಮೊಬೈಲ್, ಮೊಬೈಲ, ಫೋನ್, ದೂರವಾಣಿ, ಸಂಪರ್ಕ, ಕರೆ, ವಾಟ್ಸಾಪ್, ಲ್ಯಾಂಡ್‌ಲೈನ್, ಸ್ಥಿರ ದೂರವಾಣಿ, മൊബൈൽ, ഫോൺ,
        ബന്ധപ്പെ, വിളിക്ക, വാട്സാപ്പ്, വാട്ട്സ്ആപ്പ്, ലാൻഡ്‌ലൈൻ, ലാൻഡ്ലൈൻ, موبائل, فون, رابطہ, کال, واٹس ایپ,
        لینڈ لائن, ᱢᱳᱵᱟᱭᱤᱞ, ᱯᱷᱚᱱ, ᱞᱮᱱᱰᱞᱟᱭᱤᱱ""",
    "landline": """landline, fixed line, std, लैंडलाइन, लँडलाइन, दूरध्वनी, ল্যান্ডলাইন, ਲੈਂਡਲਾਈਨ, લેન્ડલાઇન,
        લેન્ડલાઈન, ଲ୍ୟାଣ୍ଡଲାଇନ, லேண்ட்லைன், ల్యాండ్‌లైన్, ల్యాండ్లైన్, ಲ್ಯಾಂಡ್‌ಲೈನ್, ಲ್ಯಾಂಡ್ಲೈನ್, ಸ್ಥಿರ ದೂರವಾಣಿ,
        ലാൻഡ്‌ലൈൻ, ലാൻഡ്ലൈൻ, لینڈ لائن, ᱞᱮᱱᱰᱞᱟᱭᱤᱱ""",
    "vehicle": """vehicle, vehicle no, car, bike, scooter, scooty, auto, cab, taxi, truck, gaadi, gadi, number plate,
        registration, plate, rc, गाड़ी, गाडी, वाहन, कार, बाइक, नंबर प्लेट, গাড়ি, গাড়ীর, যান, বাইক, ਗੱਡੀ, ਵਾਹਨ,
        ਕਾਰ, ગાડી, વાહન, ગાડીનો, ଗାଡ଼ି, ଯାନ, வாகன, வண்டி, కారు, బండి, వాహన, ವಾಹನ, ಗಾಡಿ, ವಾಹನದ, വാഹന, വണ്ടി, گاڑی,
        ᱜᱟᱹᱰᱤ""",
    "voter_id": """voter, voter id, epic, voter card, मतदाता, वोटर, मतदार, ভোটার, ভোটাৰ, ਵੋਟਰ, ਮਤਦਾਤਾ, મતદાર, વોટર,
        ଭୋଟର, ମତଦାତା, வாக்காளர், ఓటరు, ఓటర్, ಮತದಾರ, ವೋಟರ್, വോട്ടർ, സമ്മതിദായക, ووٹر, ᱵᱷᱳᱴᱟᱨ""",
    "passport": """passport, पासपोर्ट, পাসপোর্ট, পাছপৰ্ট, ਪਾਸਪੋਰਟ, પાસપોર્ટ, ପାସପୋର୍ଟ, பாஸ்போர்ட், கடவுச்சீட்டு,
        పాస్‌పోర్ట్, పాస్పోర్ట్, ಪಾಸ್‌ಪೋರ್ಟ್, ಪಾಸ್ಪೋರ್ಟ್, പാസ്പോർട്ട്, പാസ്‌പോർട്ട്, پاسپورٹ, ᱯᱟᱥᱯᱳᱨᱴ""",
    "driving_licence": """driving licence, driving license, driver's license, dl, dl no, licence, license, लाइसेंस,
        लायसन्स, परवाना, लाइसन्स, डीएल, লাইসেন্স, লাইচেন্স, ਲਾਇਸੈਂਸ, ਲਾਇਸੰਸ, લાઇસન્સ, લાયસન્સ, ଲାଇସେନ୍ସ, உரிமம்,
        லைசென்ஸ், లైసెన్స్, ಪರವಾನಗಿ, ಲೈಸೆನ್ಸ್, ലൈസൻസ്, لائسنس, ᱞᱟᱭᱥᱮᱱᱥ""",
    "ifsc": """ifsc, आईएफएससी, আইএফএসসি, ਆਈਐਫਐਸਸੀ, આઈએફએસસી, આઇએફએસસી, ଆଇଏଫଏସସି, ஐஎஃப்எஸ்சி, ஐஎப்எஸ்சி, ఐఎఫ్ఎస్సీ,
        ಐಎಫ್‌ಎಸ್‌ಸಿ, ಐಎಫ್ಎಸ್ಸಿ, ഐഎഫ്എസ്സി, ഐഎഫ്എസ്‌സി, آئی ایف ایس سی, ᱟᱭᱮᱯᱷᱮᱥᱥᱤ""",
    "bank_account": """a/c, ac no, a/c no, acc no, acct, account, account no, account number, khata, khaata, खाता,
        खाते, खात्या, अकाउंट, অ্যাকাউন্ট, একাউন্ট, হিসাব নম্বর, একাউণ্ট, ਖਾਤਾ, ਖਾਤੇ, ખાતા, ખાતું, ଖାତା, ଆକାଉଣ୍ଟ,
        கணக்கு, ఖాతా, అకౌంట్, ಖಾತೆ, അക്കൗണ്ട്, کھاتہ, اکاؤنٹ, ᱠᱷᱟᱛᱟ""",
    "card": """card, credit card, debit card, visa, mastercard, rupay, amex, क्रेडिट, डेबिट, कार्ड, ক্রেডিট, ডেবিট,
        কার্ড, ਕ੍ਰੈਡਿਟ, ਡੈਬਿਟ, ਕਾਰਡ, ક્રેડિટ, ડેબિટ, કાર્ડ, କ୍ରେଡିଟ, ଡେବିଟ, କାର୍ଡ, கிரெடிட், டெபிட், கார்டு, அட்டை,
        క్రెడిట్, డెబిట్, కార్డ్, కార్డు, ಕ್ರೆಡಿಟ್, ಡೆಬಿಟ್, ಕಾರ್ಡ್, ക്രെഡിറ്റ്, ഡെബിറ്റ്, കാർഡ്, کریڈٹ, ڈیبٹ, کارڈ,
        ᱠᱟᱨᱰ""",
    "imei": """imei, आईएमईआई, आयएमईआय, আইএমইআই, ਆਈਐਮਈਆਈ, આઈએમઈઆઈ, ଆଇଏମଇଆଇ, ஐஎம்இஐ, ఐఎంఈఐ, ಐಎಂಇಐ, ഐഎംഇഐ,
        آئی ایم ای آئی, ᱟᱭᱮᱢᱤᱟᱭ""",
    "imsi": """imsi, आईएमएसआई, আইএমএসআই, ਆਈਐਮਐਸਆਈ, આઈએમએસઆઈ, ଆଇଏମଏସଆଇ, ஐஎம்எஸ்ஐ, ఐఎంఎస్ఐ, ಐಎಂಎಸ್‌ಐ, ಐಎಂಎಸ್ಐ, ഐഎംഎസ്ഐ,
        آئی ایم ایس آئی, ᱟᱭᱮᱢᱮᱥᱟᱭ""",
    "iccid": """iccid, sim, sim card, sim no, सिम, সিম, চিম, ਸਿਮ, સિમ, ସିମ୍, சிம், సిమ్, ಸಿಮ್, സിം, سم, ᱥᱤᱢ""",
    "order": """order id, order no, order number, order, booking id, booking, booking no, trip id, trip, pnr,
        ride id, ticket no, crn, ऑर्डर, आर्डर, ऑर्डर आईडी, बुकिंग, अर्डर, ट्रिप, पीएनआर, অর্ডার, বুকিং, অৰ্ডাৰ,
        ਆਰਡਰ, ਬੁਕਿੰਗ, ઓર્ડર, બુકિંગ, ଅର୍ଡର, ବୁକିଂ, ஆர்டர், முன்பதிவு, ఆర్డర్, బుకింగ్, ಆರ್ಡರ್, ಬುಕಿಂಗ್, ഓർഡർ,
        ബുക്കിംഗ്, آرڈر, بکنگ, ᱚᱨᱰᱟᱨ""",
    "awb": """awb, awb no, tracking, tracking id, tracking no, consignment, courier, shipment, docket, waybill,
        ट्रैकिंग, ट्रॅकिंग, एडब्ल्यूबी, कूरियर, कुरियर, ট্র্যাকিং, কুরিয়ার, ਟਰੈਕਿੰਗ, ਕੋਰੀਅਰ, ટ્રેકિંગ, કુરિયર,
        ଟ୍ରାକିଂ, କୁରିଅର, டிராக்கிங், கூரியர், ట్రాకింగ్, కొరియర్, ಟ್ರ್ಯಾಕಿಂಗ್, ಕೊರಿಯರ್, ട്രാക്കിംഗ്, കൊറിയർ,
        ٹریکنگ, کوریئر, ᱴᱨᱮᱠᱤᱝ""",
    "email": """email, e-mail, mail, mail id, gmail, ईमेल, मेल, ইমেল, ইমেইল, ਈਮੇਲ, ઈમેલ, ઇમેઇલ, ଇମେଲ, ଇ-ମେଲ,
        மின்னஞ்சல், ఈమెయిల్, ಇಮೇಲ್, ഇമെയിൽ, ای میل, ᱤᱢᱮᱞ""",
    "coordinates": """lat, long, lng, latitude, longitude, lat-long, latlong, gps, location, coordinates, coords,
        लोकेशन, निर्देशांक, अक्षांश, जीपीएस, স্থানাঙ্ক, লোকেশন, জিপিএস, ਲੋਕੇਸ਼ਨ, ਜੀਪੀਐਸ, લોકેશન, જીપીએસ, ଲୋକେସନ,
        ଜିପିଏସ, இருப்பிடம், ஜிபிஎஸ், లొకేషన్, జీపీఎస్, ಲೊಕೇಶನ್, ಸ್ಥಳ, ಜಿಪಿಎಸ್, ലൊക്കേഷൻ, ജിപിഎസ്, لوکیشن,
        جی پی ایس, ᱡᱤᱯᱤᱮᱥ""",
    "ip": """ip, ip address, ipv4, ipv6, आईपी, आयपी, আইপি, ਆਈਪੀ, આઈપી, ଆଇପି, ஐபி, ఐపీ, ఐపి, ಐಪಿ, ഐപി, آئی پی, ᱟᱭᱯᱤ""",
    "handle": """instagram, insta, twitter, telegram, facebook, fb, snapchat, linkedin, threads, handle, username,
        user id, इंस्टाग्राम, इंस्टा, ट्विटर, टेलीग्राम, फेसबुक, ইনস্টাগ্রাম, টুইটার, ফেসবুক, ਇੰਸਟਾਗ੍ਰਾਮ, ਟਵਿੱਟਰ,
        ઇન્સ્ટાગ્રામ, ટ્વિટર, ଇନଷ୍ଟାଗ୍ରାମ, ଟୁଇଟର, இன்ஸ்டாகிராம், ட்விட்டர், ఇన్‌స్టాగ్రామ్, ఇన్స్టాగ్రామ్,
        ట్విట్టర్, ಇನ್‌ಸ್ಟಾಗ್ರಾಮ್, ಇನ್ಸ್ಟಾಗ್ರಾಮ್, ಟ್ವಿಟರ್, ഇൻസ്റ്റാഗ്രാം, ട്വിറ്റർ, انسٹاگرام, ٹویٹر, ᱤᱱᱥᱴᱟᱜᱨᱟᱢ""",
    "birth_date": """dob, d.o.b, date of birth, birth date, birthdate, birthday, born on, born, janm, janam, janmdin,
        janam tithi, जन्मतिथि, जन्म, जन्मतारीख, जन्मदिन, जन्मदिनांक, डीओबी, জন্ম, জন্মতারিখ, ਜਨਮ, જન્મ, ଜନ୍ମ,
        பிறந்த, பிறப்பு, పుట్టిన, జన్మ, ಜನ್ಮ, ಹುಟ್ಟಿದ, ജനന, ജനിച്ച, ജന്മ, پیدائش, ᱡᱟᱱᱟᱢ""",
    "pin_code": """pin, pin code, pincode, postal code, postcode, zip, zip code, पिन, पिनकोड, পিন, পিনকোড, ਪਿੰਨ, ਪਿਨ,
        પિન, પિનકોડ, ପିନ, ପିନକୋଡ, பின்கோடு, பின், அஞ்சல் குறியீடு, పిన్, పిన్‌కోడ్, ಪಿನ್, ಪಿನ್‌ಕೋಡ್, പിൻ, പിൻകോഡ്,
        پن کوڈ, پن, ᱯᱤᱱ""",
    "city": """mumbai, delhi, new delhi, bengaluru, bangalore, chennai, kolkata, hyderabad, pune, ahmedabad, jaipur,
        lucknow, kanpur, nagpur, indore, bhopal, patna, kochi, coimbatore, surat, gurgaon, gurugram, noida, thane,
        vadodara, ludhiana, madurai, mysuru, ranchi, guwahati, chandigarh, मुंबई, दिल्ली, बेंगलुरु, चेन्नई,
        कोलकाता, हैदराबाद, पुणे, जयपुर, लखनऊ, कानपुर, नागपुर, इंदौर, भोपाल, पटना, কলকাতা, ગાંધીનગર, અમદાવાદ, સુરત,
        சென்னை, மதுரை, విజయవాడ, హైదరాబాద్, ಬೆಂಗಳೂರು, ಮೈಸೂರು, കൊച്ചി, തിരുവനന്തപുരം, ଭୁବନେଶ୍ୱର, କଟକ, ਅੰਮ੍ਰਿਤਸਰ,
        ਲੁਧਿਆਣਾ, دہلی, لکھنؤ""",
    "address": """address, addr, deliver to, delivery address, residing at, resident of, r/o, ship to, living at,
        pata, पता, पत्ता, निवासी, ठिकाना, ঠিকানা, ਪਤਾ, ਸਿਰਨਾਵਾਂ, સરનામું, સરનામુ, ଠିକଣା, முகவரி, చిరునామా, అడ్రస్,
        ವಿಳಾಸ, വിലാസം, മേൽവിലാസം, پتہ, پتا, ᱴᱷᱤᱠᱟᱹᱱᱟ""",
}  # fmt: skip
"""Words for each kind, with commas between.

"phone" serves mobile and landline, "landline" tells them apart; "city" is a place before a PIN code.
"""

IMPERSONAL = """roll no, roll number, token no, seat no, batch no, po no, cin, isbn, संस्करण, वर्जन, आवृत्ती,
        সংস্করণ, ਸੰਸਕਰਣ, આવૃત્તિ, ସଂସ୍କରଣ, பதிப்பு, వెర్షన్, సంస్కరణ, ಆವೃತ್ತಿ, പതിപ്പ്, ورژن, issn, invoice, inv,
        bill no, bill number, bill, receipt, challan, amount, amt, price, total, cost, mrp, rs, inr, rupees,
        rupaye, usd, ₹, $, €, £, %, sku, product code, product, item code, item no, model, model no, part no,
        serial, serial no, hsn, sac code, batch, lot, barcode, ean, upc, asin, version, ver, v, quantity, qty,
        population, area, year, txn, transaction, utr, ref no, reference, rrn, ref, ticket size, timestamp, epoch,
        build, error code, error, code no, doi, pmid, crore, lakh, otp, voucher, coupon, patent, case no, fir no,
        gazette, चालान, बिल, इनवॉइस, इन्वॉइस, रसीद, कीमत, राशि, मूल्य, कुल, रुपये, रुपए, रु, मात्रा, जनसंख्या,
        लोकसंख्या, आबादी, ਆਬਾਦੀ, વસ્તી, ଜନସଂଖ୍ୟା, மக்கள் தொகை, மக்கள்தொகை, జనాభా, ಜನಸಂಖ್ಯೆ, ജനസംഖ്യ, آبادی,
        आईएसबीएन, उत्पाद कोड, मॉडल, सीरियल, लेनदेन, संदर्भ, किंमत, रक्कम, एकूण, बीजक, पावती, उत्पादन कोड, চালান,
        বিল, ইনভয়েস, রসিদ, দাম, মূল্য, টাকা, মোট, পরিমাণ, জনসংখ্যা, আইএসবিএন, পণ্য কোড, মডেল, লেনদেন, ਚਲਾਨ, ਬਿੱਲ,
        ਇਨਵੌਇਸ, ਰਸੀਦ, ਕੀਮਤ, ਰਕਮ, ਰੁਪਏ, ਕੁੱਲ, ਮਾਤਰਾ, ਆਈਐਸਬੀਐਨ, ਉਤਪਾਦ ਕੋਡ, ਮਾਡਲ, ચલણ, બિલ, ઇન્વૉઇસ, ઇન્વોઇસ, રસીદ,
        કિંમત, રકમ, રૂપિયા, કુલ, જથ્થો, આઈએસબીએન, ઉત્પાદન કોડ, મોડેલ, ଚାଲାଣ, ବିଲ, ଇନଭଏସ, ରସିଦ, ମୂଲ୍ୟ, ଦାମ, ଟଙ୍କା,
        ମୋଟ, ପରିମାଣ, ଆଇଏସବିଏନ, ଉତ୍ପାଦ କୋଡ, ମଡେଲ, பில், விலைப்பட்டியல், ரசீது, விலை, தொகை, ரூபாய், மொத்தம், அளவு,
        ஐஎஸ்பிஎன், பொருள் குறியீடு, மாடல், బిల్లు, ఇన్వాయిస్, ఇన్‌వాయిస్, రసీదు, ధర, మొత్తం, రూపాయ, పరిమాణం,
        ఐఎస్బిఎన్, ఐఎస్‌బిఎన్, ఉత్పత్తి కోడ్, మోడల్, ಬಿಲ್, ಇನ್‌ವಾಯ್ಸ್, ಇನ್ವಾಯ್ಸ್, ರಸೀದಿ, ಬೆಲೆ, ಮೊತ್ತ, ರೂಪಾಯಿ,
        ಒಟ್ಟು, ಪ್ರಮಾಣ, ಐಎಸ್‌ಬಿಎನ್, ಐಎಸ್ಬಿಎನ್, ಉತ್ಪನ್ನ ಕೋಡ್, ಮಾದರಿ, ബിൽ, ഇൻവോയ്സ്, ഇൻവോയ്‌സ്, രസീത്, വില, തുക, രൂപ,
        ആകെ, അളവ്, ഐഎസ്ബിഎൻ, ഉൽപ്പന്ന കോഡ്, മോഡൽ, چالان, بل, انوائس, رسید, قیمت, رقم, روپے, کل, مقدار,
        آئی ایس بی این, پروڈکٹ کوڈ, ماڈل, ᱵᱤᱞ, ᱫᱟᱢ, ᱴᱟᱠᱟ, ᱤᱱᱵᱷᱳᱭᱥ, ᱢᱳᱰᱮᱞ"""
"""Words before numbers that are nobody's."""

UNITS = """rs, rupees, rupaye, inr, units, unit, pieces, pcs, nos, items, kg, km, gb, mb, bytes, tonnes, litres,
        crore, lakh, people, copies, shares, %, ₹, रुपये, रुपए, रु, रुपया, नग, किलो, लोग, यूनिट, टन, व्यक्ति, लोक,
        লোক, মানুষ, ਲੋਕ, લોકો, ଲୋକ, பேர், மக்கள், మంది, ప్రజలు, ಜನ, പേർ, ആളുകൾ, لوگ, افراد, টাকা, টি, জন, ਰੁਪਏ,
        ਯੂਨਿਟ, રૂપિયા, નંગ, યુનિટ, ଟଙ୍କା, ଟି, ரூபாய், துண்டுகள், யூனிட், రూపాయ, యూనిట్, ముక్కలు, ರೂಪಾಯಿ, ತುಂಡು,
        ಯುನಿಟ್, രൂപ, എണ്ണം, യൂണിറ്റ്, روپے, عدد, یونٹ, ᱴᱟᱠᱟ"""
"""Words behind amounts and quantities."""


def words(listed: str, apart: str | None = ",") -> list[str]:
    """The words of a list, lower-cased and in NFC, without doubles; `apart` stands between them (None: white space)."""
    return sorted({unicodedata.normalize("NFC", w.strip().lower()) for w in listed.split(apart) if w.strip()})


def _any(listed: list[str]) -> str:
    """A pattern for one of some words. Latin and short ones stand alone; others may have something glued behind."""
    spaced = [(word, r"[ \-]?".join(map(regex.escape, word.split()))) for word in sorted(listed, key=len, reverse=True)]
    signs = [pattern for word, pattern in spaced if not word[0].isalpha()]
    latin = [pattern for word, pattern in spaced if word[0].isalpha() and word[0].isascii()]
    others = [(word, pattern) for word, pattern in spaced if word[0].isalpha() and not word[0].isascii()]
    short = [pattern for word, pattern in others if len(word) <= SHORT]
    long = [pattern for word, pattern in others if len(word) > SHORT]
    ways = [
        rf"(?<![a-z])(?:{'|'.join(latin)})(?![a-z])" if latin else "",
        rf"(?<![\p{{L}}\p{{M}}])(?:{'|'.join(long)})" if long else "",
        rf"(?<![\p{{L}}\p{{M}}])(?:{'|'.join(short)})(?![\p{{L}}\p{{M}}])" if short else "",
        "|".join(signs),
    ]
    return "|".join(way for way in ways if way)


def cue_words(kind: str) -> list[str]:
    """The words for a kind, lower-cased."""
    return words(CUES[kind])


@cache
def cue_pattern(kind: str, ascii_only: bool) -> regex.Pattern[str]:
    """Finds the words for a kind in lower-cased text; `ascii_only` leaves out those that ASCII text cannot hold."""
    return _pattern(cue_words(kind), ascii_only)


@cache
def impersonal_pattern(ascii_only: bool) -> regex.Pattern[str]:
    """Finds the words before numbers that are nobody's, likewise."""
    return _pattern(words(IMPERSONAL), ascii_only)


def _pattern(listed: list[str], ascii_only: bool) -> regex.Pattern[str]:
    return regex.compile(_any([word for word in listed if word.isascii() or not ascii_only]))


UNIT = regex.compile(rf"(?:/-|[ ]?(?:{_any(words(UNITS))}))")
