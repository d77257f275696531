# D4. REX.W names rcx, of which pextrw writes no more than of ecx: decoders disagree about the width.
function f
bad:    .byte 0x66,0x48,0x0f,0xc5,0xc9,0x01
        ret
end f
