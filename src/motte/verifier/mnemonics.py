"""The closed list of ordinary instructions: data for ``allowlist``, and nothing else.

An instruction belongs here only if all of this is true of every form of it that
``allowlist.OPERAND_KINDS`` admits: it touches general, vector and mask registers, flags, and the
memory of its one ModRM operand, and nothing else; it never faults except for that access or a
division; implicit registers are never ``rsp``; processors agree on its length and its width; and
what it reads is the guest's own (no clock, no random numbers, no identity of the processor).

Instructions that move ``rsp`` or ``rip`` are in ``allowlist.CONTROL_FORMS``; NOPs in ``prefixes``.
"""

from typing import Final

MNEMONICS: Final[dict[str, str]] = {
    "moves": """
        bswap cmova cmovae cmovb cmovbe cmove cmovg cmovge cmovl cmovle cmovne cmovno cmovnp cmovns cmovo cmovp
        cmovs cmpxchg cmpxchg16b cmpxchg8b lea mov movbe movnti movsx movsxd movzx xadd xchg
    """,
    "arithmetic and logic": """
        adc adcx add adox and cmp crc32 dec div idiv imul inc mul neg not or sbb sub test xor
    """,
    "shifts": "rcl rcr rol ror rorx sar sarx shl shld shlx shr shrd shrx mulx",
    "bits": """
        andn bextr blsi blsmsk blsr bsf bsr bt btc btr bts bzhi lzcnt pdep pext popcnt tzcnt
    """,
    "conversions within rax and rdx": "cbw cdq cdqe cqo cwd cwde",
    "flags": """
        clc cmc lahf sahf stc seta setae setb setbe sete setg setge setl setle setne setno setnp setns seto setp sets
    """,
    "hints and fences": """
        lfence mfence pause prefetch prefetchnta prefetcht0 prefetcht1 prefetcht2 prefetchw sfence
    """,
    "SSE": """
        addps addss andnps andps cmpps cmpss comiss cvtsi2ss cvtss2si cvttss2si divps divss maxps maxss minps minss
        movaps movhlps movhps movlhps movlps movmskps movntps movss movups mulps mulss orps rcpps rcpss rsqrtps
        rsqrtss shufps sqrtps sqrtss subps subss ucomiss unpckhps unpcklps xorps
    """,
    "SSE2": """
        addpd addsd andnpd andpd cmppd cmpsd comisd cvtdq2pd cvtdq2ps cvtpd2dq cvtpd2ps cvtps2dq cvtps2pd cvtsd2si
        cvtsd2ss cvtsi2sd cvtss2sd cvttpd2dq cvttps2dq cvttsd2si divpd divsd maxpd maxsd minpd minsd movapd movd
        movdqa movdqu movhpd movlpd movmskpd movntdq movntpd movq movsd movupd mulpd mulsd orpd packssdw packsswb
        packuswb paddb paddd paddq paddsb paddsw paddusb paddusw paddw pand pandn pavgb pavgw pcmpeqb pcmpeqd pcmpeqw
        pcmpgtb pcmpgtd pcmpgtw pextrw pinsrw pmaddwd pmaxsw pmaxub pminsw pminub pmovmskb pmulhuw pmulhw pmullw
        pmuludq por psadbw pshufd pshufhw pshuflw pslld pslldq psllq psllw psrad psraw psrld psrldq psrlq psrlw psubb
        psubd psubq psubsb psubsw psubusb psubusw psubw punpckhbw punpckhdq punpckhqdq punpckhwd punpcklbw punpckldq
        punpcklqdq punpcklwd pxor shufpd sqrtpd sqrtsd subpd subsd ucomisd unpckhpd unpcklpd xorpd
    """,
    "SSE3, SSSE3": """
        addsubpd addsubps haddpd haddps hsubpd hsubps lddqu movddup movshdup movsldup pabsb pabsd pabsw palignr phaddd
        phaddsw phaddw phsubd phsubsw phsubw pmaddubsw pmulhrsw pshufb psignb psignd psignw
    """,
    "SSE4.1, SSE4.2": """
        blendpd blendps blendvpd blendvps dppd dpps extractps insertps movntdqa mpsadbw packusdw pblendvb pblendw
        pcmpeqq pcmpestri pcmpestri64 pcmpestrm pcmpestrm64 pcmpgtq pcmpistri pcmpistrm pextrb pextrd pextrq
        phminposuw pinsrb pinsrd pinsrq pmaxsb pmaxsd pmaxud pmaxuw pminsb pminsd pminud pminuw pmovsxbd pmovsxbq
        pmovsxbw pmovsxdq pmovsxwd pmovsxwq pmovzxbd pmovzxbq pmovzxbw pmovzxdq pmovzxwd pmovzxwq pmuldq pmulld ptest
        roundpd roundps roundsd roundss
    """,
    "AES, carry-less multiplication, SHA, Galois field": """
        aesdec aesdeclast aesenc aesenclast aesimc aeskeygenassist gf2p8affineinvqb gf2p8affineqb gf2p8mulb pclmulqdq
        sha1msg1 sha1msg2 sha1nexte sha1rnds4 sha256msg1 sha256msg2 sha256rnds2 vaesdec vaesdeclast vaesenc
        vaesenclast vaesimc vaeskeygenassist vgf2p8affineinvqb vgf2p8affineqb vgf2p8mulb vpclmulqdq
    """,
    "AVX": """
        vaddpd vaddps vaddsd vaddss vaddsubpd vaddsubps vandnpd vandnps vandpd vandps vblendpd vblendps vblendvpd
        vblendvps vbroadcastf128 vbroadcastsd vbroadcastss vcmppd vcmpps vcmpsd vcmpss vcomisd vcomiss vcvtdq2pd
        vcvtdq2ps vcvtpd2dq vcvtpd2ps vcvtps2dq vcvtps2pd vcvtsd2si vcvtsd2ss vcvtsi2sd vcvtsi2ss vcvtss2sd vcvtss2si
        vcvttpd2dq vcvttps2dq vcvttsd2si vcvttss2si vdivpd vdivps vdivsd vdivss vdppd vdpps vextractf128 vextractps
        vhaddpd vhaddps vhsubpd vhsubps vinsertf128 vinsertps vlddqu vmaskmovpd vmaskmovps vmaxpd vmaxps vmaxsd vmaxss
        vminpd vminps vminsd vminss vmovapd vmovaps vmovd vmovddup vmovdqa vmovdqu vmovhlps vmovhpd vmovhps vmovlhps
        vmovlpd vmovlps vmovmskpd vmovmskps vmovntdq vmovntdqa vmovntpd vmovntps vmovq vmovsd vmovshdup vmovsldup
        vmovss vmovupd vmovups vmpsadbw vmulpd vmulps vmulsd vmulss vorpd vorps vpabsb vpabsd vpabsw vpackssdw
        vpacksswb vpackusdw vpackuswb vpaddb vpaddd vpaddq vpaddsb vpaddsw vpaddusb vpaddusw vpaddw vpalignr vpand
        vpandn vpavgb vpavgw vpblendvb vpblendw vpcmpeqb vpcmpeqd vpcmpeqq vpcmpeqw vpcmpestri vpcmpestri64 vpcmpestrm
        vpcmpestrm64 vpcmpgtb vpcmpgtd vpcmpgtq vpcmpgtw vpcmpistri vpcmpistrm vperm2f128 vpermilpd vpermilps vpextrb
        vpextrd vpextrq vpextrw vphaddd vphaddsw vphaddw vphminposuw vphsubd vphsubsw vphsubw vpinsrb vpinsrd vpinsrq
        vpinsrw vpmaddubsw vpmaddwd vpmaxsb vpmaxsd vpmaxsw vpmaxub vpmaxud vpmaxuw vpminsb vpminsd vpminsw vpminub
        vpminud vpminuw vpmovmskb vpmovsxbd vpmovsxbq vpmovsxbw vpmovsxdq vpmovsxwd vpmovsxwq vpmovzxbd vpmovzxbq
        vpmovzxbw vpmovzxdq vpmovzxwd vpmovzxwq vpmuldq vpmulhrsw vpmulhuw vpmulhw vpmulld vpmullw vpmuludq vpor
        vpsadbw vpshufb vpshufd vpshufhw vpshuflw vpsignb vpsignd vpsignw vpslld vpslldq vpsllq vpsllw vpsrad vpsraw
        vpsrld vpsrldq vpsrlq vpsrlw vpsubb vpsubd vpsubq vpsubsb vpsubsw vpsubusb vpsubusw vpsubw vptest vpunpckhbw
        vpunpckhdq vpunpckhqdq vpunpckhwd vpunpcklbw vpunpckldq vpunpcklqdq vpunpcklwd vpxor vrcpps vrcpss vroundpd
        vroundps vroundsd vroundss vrsqrtps vrsqrtss vshufpd vshufps vsqrtpd vsqrtps vsqrtsd vsqrtss vsubpd vsubps
        vsubsd vsubss vtestpd vtestps vucomisd vucomiss vunpckhpd vunpckhps vunpcklpd vunpcklps vxorpd vxorps vzeroall
        vzeroupper
    """,
    "AVX2": """
        vbroadcasti128 vextracti128 vinserti128 vpblendd vpbroadcastb vpbroadcastd vpbroadcastq vpbroadcastw
        vperm2i128 vpermd vpermpd vpermps vpermq vpmaskmovd vpmaskmovq vpsllvd vpsllvq vpsravd vpsrlvd vpsrlvq
    """,
    "F16C, FMA": """
        vcvtph2ps vcvtps2ph vfmadd132pd vfmadd132ps vfmadd132sd vfmadd132ss vfmadd213pd vfmadd213ps vfmadd213sd
        vfmadd213ss vfmadd231pd vfmadd231ps vfmadd231sd vfmadd231ss vfmaddsub132pd vfmaddsub132ps vfmaddsub213pd
        vfmaddsub213ps vfmaddsub231pd vfmaddsub231ps vfmsub132pd vfmsub132ps vfmsub132sd vfmsub132ss vfmsub213pd
        vfmsub213ps vfmsub213sd vfmsub213ss vfmsub231pd vfmsub231ps vfmsub231sd vfmsub231ss vfmsubadd132pd
        vfmsubadd132ps vfmsubadd213pd vfmsubadd213ps vfmsubadd231pd vfmsubadd231ps vfnmadd132pd vfnmadd132ps
        vfnmadd132sd vfnmadd132ss vfnmadd213pd vfnmadd213ps vfnmadd213sd vfnmadd213ss vfnmadd231pd vfnmadd231ps
        vfnmadd231sd vfnmadd231ss vfnmsub132pd vfnmsub132ps vfnmsub132sd vfnmsub132ss vfnmsub213pd vfnmsub213ps
        vfnmsub213sd vfnmsub213ss vfnmsub231pd vfnmsub231ps vfnmsub231sd vfnmsub231ss
    """,
    "AVX-512 F": """
        valignd valignq vblendmpd vblendmps vbroadcastf32x4 vbroadcastf64x4 vbroadcasti32x4 vbroadcasti64x4
        vcompresspd vcompressps vcvtpd2udq vcvtps2udq vcvtsd2usi vcvtss2usi vcvttpd2udq vcvttps2udq vcvttsd2usi
        vcvttss2usi vcvtudq2pd vcvtudq2ps vcvtusi2sd vcvtusi2ss vexpandpd vexpandps vextractf32x4 vextractf64x4
        vextracti32x4 vextracti64x4 vfixupimmpd vfixupimmps vfixupimmsd vfixupimmss vgetexppd vgetexpps vgetexpsd
        vgetexpss vgetmantpd vgetmantps vgetmantsd vgetmantss vinsertf32x4 vinsertf64x4 vinserti32x4 vinserti64x4
        vmovdqa32 vmovdqa64 vmovdqu32 vmovdqu64 vpabsq vpandd vpandnd vpandnq vpandq vpblendmd vpblendmq vpcmpd vpcmpq
        vpcmpud vpcmpuq vpcompressd vpcompressq vpermi2d vpermi2pd vpermi2ps vpermi2q vpermt2d vpermt2pd vpermt2ps
        vpermt2q vpexpandd vpexpandq vpmaxsq vpmaxuq vpminsq vpminuq vpmovdb vpmovdw vpmovqb vpmovqd vpmovqw vpmovsdb
        vpmovsdw vpmovsqb vpmovsqd vpmovsqw vpmovusdb vpmovusdw vpmovusqb vpmovusqd vpmovusqw vpord vporq vprold
        vprolq vprolvd vprolvq vprord vprorq vprorvd vprorvq vpsraq vpsravq vpternlogd vpternlogq vptestmd vptestmq
        vptestnmd vptestnmq vpxord vpxorq vrcp14pd vrcp14ps vrcp14sd vrcp14ss vrndscalepd vrndscaleps vrndscalesd
        vrndscaless vrsqrt14pd vrsqrt14ps vrsqrt14sd vrsqrt14ss vscalefpd vscalefps vscalefsd vscalefss vshuff32x4
        vshuff64x2 vshufi32x4 vshufi64x2
    """,
    "AVX-512 mask registers": """
        kaddb kaddd kaddq kaddw kandb kandd kandnb kandnd kandnq kandnw kandq kandw kmovb kmovd kmovq kmovw knotb
        knotd knotq knotw korb kord korq kortestb kortestd kortestq kortestw korw kshiftlb kshiftld kshiftlq kshiftlw
        kshiftrb kshiftrd kshiftrq kshiftrw ktestb ktestd ktestq ktestw kunpckbw kunpckdq kunpckwd kxnorb kxnord
        kxnorq kxnorw kxorb kxord kxorq kxorw
    """,
    "AVX-512 BW": """
        vdbpsadbw vmovdqu16 vmovdqu8 vpblendmb vpblendmw vpcmpb vpcmpub vpcmpuw vpcmpw vpermi2w vpermt2w vpermw
        vpmovb2m vpmovm2b vpmovm2w vpmovswb vpmovuswb vpmovw2m vpmovwb vpsllvw vpsravw vpsrlvw vptestmb vptestmw
        vptestnmb vptestnmw
    """,
    "AVX-512 CD, DQ": """
        vbroadcastf32x2 vbroadcastf32x8 vbroadcastf64x2 vbroadcasti32x2 vbroadcasti32x8 vbroadcasti64x2 vcvtpd2qq
        vcvtpd2uqq vcvtps2qq vcvtps2uqq vcvtqq2pd vcvtqq2ps vcvttpd2qq vcvttpd2uqq vcvttps2qq vcvttps2uqq vcvtuqq2pd
        vcvtuqq2ps vextractf32x8 vextractf64x2 vextracti32x8 vextracti64x2 vfpclasspd vfpclassps vfpclasssd vfpclassss
        vinsertf32x8 vinsertf64x2 vinserti32x8 vinserti64x2 vpbroadcastmb2q vpbroadcastmw2d vpconflictd vpconflictq
        vplzcntd vplzcntq vpmovd2m vpmovm2d vpmovm2q vpmovq2m vpmullq vrangepd vrangeps vrangesd vrangess vreducepd
        vreduceps vreducesd vreducess
    """,
    "AVX-512 VBMI, VBMI2, BITALG, VPOPCNTDQ, IFMA": """
        vpcompressb vpcompressw vpermb vpermi2b vpermt2b vpexpandb vpexpandw vpmadd52huq vpmadd52luq vpmultishiftqb
        vpopcntb vpopcntd vpopcntq vpopcntw vpshldd vpshldq vpshldvd vpshldvq vpshldvw vpshldw vpshrdd vpshrdq
        vpshrdvd vpshrdvq vpshrdvw vpshrdw vpshufbitqmb
    """,
    "VNNI, BF16, narrow conversions": """
        vbcstnebf162ps vbcstnesh2ps vcvtne2ps2bf16 vcvtneebf162ps vcvtneeph2ps vcvtneobf162ps vcvtneoph2ps
        vcvtneps2bf16 vdpbf16ps vpdpbssd vpdpbssds vpdpbsud vpdpbsuds vpdpbusd vpdpbusds vpdpbuud vpdpbuuds vpdpwssd
        vpdpwssds vpdpwsud vpdpwsuds vpdpwusd vpdpwusds vpdpwuud vpdpwuuds
    """,
    "AVX-512 FP16": """
        vaddph vaddsh vcmpph vcmpsh vcomish vcvtdq2ph vcvtpd2ph vcvtph2dq vcvtph2pd vcvtph2psx vcvtph2qq vcvtph2udq
        vcvtph2uqq vcvtph2uw vcvtph2w vcvtps2phx vcvtqq2ph vcvtsd2sh vcvtsh2sd vcvtsh2si vcvtsh2ss vcvtsh2usi
        vcvtsi2sh vcvtss2sh vcvttph2dq vcvttph2qq vcvttph2udq vcvttph2uqq vcvttph2uw vcvttph2w vcvttsh2si vcvttsh2usi
        vcvtudq2ph vcvtuqq2ph vcvtusi2sh vcvtuw2ph vcvtw2ph vdivph vdivsh vfcmaddcph vfcmaddcsh vfcmulcph vfcmulcsh
        vfmadd132ph vfmadd132sh vfmadd213ph vfmadd213sh vfmadd231ph vfmadd231sh vfmaddcph vfmaddcsh vfmaddsub132ph
        vfmaddsub213ph vfmaddsub231ph vfmsub132ph vfmsub132sh vfmsub213ph vfmsub213sh vfmsub231ph vfmsub231sh
        vfmsubadd132ph vfmsubadd213ph vfmsubadd231ph vfmulcph vfmulcsh vfnmadd132ph vfnmadd132sh vfnmadd213ph
        vfnmadd213sh vfnmadd231ph vfnmadd231sh vfnmsub132ph vfnmsub132sh vfnmsub213ph vfnmsub213sh vfnmsub231ph
        vfnmsub231sh vfpclassph vfpclasssh vgetexpph vgetexpsh vgetmantph vgetmantsh vmaxph vmaxsh vminph vminsh
        vmovsh vmovw vmulph vmulsh vrcpph vrcpsh vreduceph vreducesh vrndscaleph vrndscalesh vrsqrtph vrsqrtsh
        vscalefph vscalefsh vsqrtph vsqrtsh vsubph vsubsh vucomish
    """,
}
