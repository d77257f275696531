# Twin of reject/m4-bit-string-l.s, without the fault.
function f
        btsl $3, %gs:(%eax)
        ret
end f
