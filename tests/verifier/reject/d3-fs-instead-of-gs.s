# D3. fs is not the window.
function f
bad:    .byte 0x64,0x67,0x8b,0x08
        ret
end f
