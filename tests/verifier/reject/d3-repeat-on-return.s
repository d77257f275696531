# D3. rep ret has no meaning.
function f
bad:    .byte 0xf3
        ret
end f
